variable "prefix" {
  description = "First part of every name: project and environment."
  type        = string
  nullable    = false
}

variable "alarm_email" {
  description = "Address for e-mails about alarms; null for none."
  type        = string
  default     = null
}

variable "monthly_budget_usd" {
  description = "Budget for a month, in US dollars."
  type        = number
  nullable    = false
}

variable "oldest_job_seconds" {
  description = "Age of the oldest job at which the alarm is raised."
  type        = number
  nullable    = false
}

variable "no_capacity_minutes" {
  description = "How long tasks may be wanted while none runs before the alarm is raised."
  type        = number
  nullable    = false
}

variable "idle_instances_minutes" {
  description = "How long more instances may be in service than tasks are wanted before the alarm is raised."
  type        = number
  nullable    = false
}

variable "instance_hours_per_day" {
  description = "Hours of all instances together in a day at which the alarm is raised; 0 for no alarm."
  type        = number
  nullable    = false
}

variable "minimum_tasks" {
  description = "Tasks that always run, each on an instance."
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

variable "requests_per_second" {
  description = "Requests a second at which that API throttles."
  type        = number
  nullable    = false
}

variable "function_names" {
  description = "Names of the Lambda functions, by function."
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
  description = "Names of the alarms that scale the service, for the dashboard."
  type        = list(string)
  nullable    = false
}

variable "log_group_names" {
  description = "Log groups in which the dashboard looks for errors."
  type        = list(string)
  nullable    = false
}
