variable "prefix" {
  description = "First part of every name: project and environment."
  type        = string
  nullable    = false
}

variable "function_name" {
  description = "Name of the Lambda that answers interactions."
  type        = string
  nullable    = false
}

variable "function_invoke" {
  description = "ARN by which API Gateway calls that Lambda."
  type        = string
  nullable    = false
}

variable "stage_name" {
  description = "Name of the stage, a part of the address."
  type        = string
  default     = "v1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,128}$", var.stage_name))
    error_message = "stage_name must be 1 to 128 letters, digits, hyphens and underscores."
  }
}

variable "throttling" {
  description = "Requests a second in the long run (`rate_per_second`) and at once (`burst`)."
  type = object({
    rate_per_second = number
    burst           = number
  })
  nullable = false
}

variable "requests_per_source" {
  description = "Requests of one address in a minute above which AWS WAF blocks it; null for no web ACL."
  type        = number
  default     = null
}

variable "manage_account" {
  description = "Whether to set the role with which API Gateway writes access logs, for the whole account and region."
  type        = bool
  nullable    = false
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the access log."
  type        = number
  nullable    = false
}

variable "tracing" {
  description = "Whether X-Ray traces the stage."
  type        = bool
  default     = false
  nullable    = false
}
