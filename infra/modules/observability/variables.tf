variable "prefix" {
  description = "What every name begins with: project and environment."
  type        = string
  nullable    = false
}

variable "alarm_email" {
  description = "Who is told of alarms, by e-mail; null for nobody."
  type        = string
  default     = null
}

variable "monthly_budget_usd" {
  description = "What a month may cost, in US dollars, before somebody is told."
  type        = number
  nullable    = false
}

variable "oldest_job_seconds" {
  description = "Age of the oldest job at which somebody is told."
  type        = number
  nullable    = false
}

variable "no_capacity_minutes" {
  description = "How long tasks may be wanted while none runs before somebody is told."
  type        = number
  nullable    = false
}

variable "metric_namespace" {
  description = "CloudWatch namespace of the deployment's own metrics."
  type        = string
  nullable    = false
}

variable "api_name" {
  description = "Name of the REST API that Discord calls."
  type        = string
  nullable    = false
}

variable "function_names" {
  description = "Names of the Lambda functions, by what they are for."
  type        = map(string)
  nullable    = false
}

variable "backlog_function_name" {
  description = "Name of the Lambda that the scaling loop calls."
  type        = string
  nullable    = false
}

variable "auto_scaling_group_name" {
  description = "Name of the instances' Auto Scaling group."
  type        = string
  nullable    = false
}

variable "scaling_alarm_names" {
  description = "Names of the alarms that move the service, to be shown too."
  type        = list(string)
  nullable    = false
}

variable "log_group_names" {
  description = "Log groups in which the dashboard looks for errors."
  type        = list(string)
  nullable    = false
}
