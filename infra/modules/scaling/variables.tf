variable "prefix" {
  description = "First part of every name: project and environment."
  type        = string
  nullable    = false
}

variable "backlog_function_arn" {
  description = "ARN of the Lambda `backlog`, which observes the queue and the service."
  type        = string
  nullable    = false
}

variable "waiting_function_arn" {
  description = "ARN of the Lambda `waiting`, which notifies users who wait."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
  nullable    = false
}

variable "service_name" {
  description = "Name of the ECS service."
  type        = string
  nullable    = false
}

variable "service_arn" {
  description = "ARN of the ECS service."
  type        = string
  nullable    = false
}

variable "scalable_service" {
  description = "The service as Application Auto Scaling names it: service/<cluster>/<service>."
  type        = string
  nullable    = false
}

variable "auto_scaling_group_name" {
  description = "Name of the fleet's Auto Scaling group."
  type        = string
  nullable    = false
}

variable "auto_scaling_group_arn" {
  description = "ARN of the fleet's Auto Scaling group, known before it exists: its UUID is a wildcard."
  type        = string
  nullable    = false
}

variable "minimum_tasks" {
  description = "Fewest tasks; counts as 0 where `maximum_tasks` is less."
  type        = number
  nullable    = false
}

variable "maximum_tasks" {
  description = "Tasks at most."
  type        = number
  nullable    = false
}

variable "scale_in_hold_seconds" {
  description = "How long tasks must have been spare before they are stopped."
  type        = number
  nullable    = false
}

variable "metric_namespace" {
  description = "CloudWatch namespace that the loop publishes in."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the state machines' logs."
  type        = number
  nullable    = false
}

variable "tracing" {
  description = "Whether X-Ray traces the state machines."
  type        = bool
  default     = false
  nullable    = false
}
