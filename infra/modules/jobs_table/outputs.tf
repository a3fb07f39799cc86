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

output "history_index_arn" {
  description = "ARN of the index `history`, known before it exists."
  value       = "${local.arn}/index/history"
}

output "item_conditions" {
  description = "Conditions of IAM that limit a right on the table to items of some kinds: `jobs`, `jobs_and_ledger` (what the end of a job changes), `fleet` (what the scaling loop notes), `workers` (what workers note of themselves), `estimates` (what waits are computed from), and `requests` (what a request of a user may change)."
  # Every request that names items has their keys, so that none is missing.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
  value = {
    for name, keys in local.item_keys : name => {
      "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = keys }
    }
  }
}
