output "topic_arn" {
  description = "ARN of the topic that alarms are sent to."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarm_names" {
  description = "Names of the alarms for people."
  value = concat(
    [for alarm in aws_cloudwatch_metric_alarm.comparing : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.own : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.aws : alarm.alarm_name],
  )
}
