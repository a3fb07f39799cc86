output "name" {
  description = "Name of the table, known before it exists."
  value       = local.name
}

output "arn" {
  description = "ARN of the table, known before it exists."
  value       = local.arn
}

output "waiting_index_arn" {
  description = "ARN of the index `waiting`, known before it exists."
  value       = "${local.arn}/index/waiting"
}
