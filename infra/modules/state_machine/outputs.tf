output "arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "log_group_name" {
  description = "Name of the machine's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "definition" {
  description = "The machine in Amazon States Language, as it is set."
  value       = aws_sfn_state_machine.this.definition
}

output "policy" {
  description = "What the machine's role allows, as an IAM policy document."
  value       = aws_iam_role_policy.this.policy
}
