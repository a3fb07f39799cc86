output "state_machine_arns" {
  description = "ARNs of the state machines `scaling`, `wake` and `confirm`, known before they exist."
  value       = local.machine_arns
}

output "state_machine_names" {
  description = "Names of the state machines."
  value       = { scaling = local.scaling_name, wake = local.wake_name, confirm = local.confirm_name }
}

output "alarm_names" {
  description = "Names of the alarms that scale the service."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name]
}

output "log_group_names" {
  description = "Names of the machines' log groups."
  value       = { for key, machine in module.state_machine : key => machine.log_group_name }
}
