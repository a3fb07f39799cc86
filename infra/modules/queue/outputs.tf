output "name" {
  description = "Name of the queue."
  value       = local.name
}

output "arn" {
  description = "ARN of the queue, known before it exists."
  value       = local.arn
}

output "url" {
  description = "URL of the queue, known before it exists."
  value       = "${local.url_base}/${local.name}"
}

output "dead_letter_name" {
  description = "Name of the dead-letter queue."
  value       = local.dead_letter_name
}

output "dead_letter_arn" {
  description = "ARN of the dead-letter queue, known before it exists."
  value       = local.dead_letter_arn
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue, known before it exists."
  value       = "${local.url_base}/${local.dead_letter_name}"
}
