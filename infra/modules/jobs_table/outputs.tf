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

output "item_conditions" {
  description = "Conditions of IAM that limit a right on the table to items of some kinds: `jobs`, `jobs_and_ledger` (what the end of a job changes), `fleet` (what the scaling loop notes), `workers` (what workers note of themselves), `fleet_all` (both), and `requests` (what a request of a user may change)."
  # A right on all values of a key is also one on a request without the key, unless Null forbids it.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
  value = {
    for name, keys in local.item_keys : name => {
      "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = keys }
      Null                      = { "dynamodb:LeadingKeys" = ["false"] }
    }
  }
}
