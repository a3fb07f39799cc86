variable "name" {
  description = "Name of the function, its role and, below /aws/lambda/, its log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-_]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "description" {
  description = "What the function does, in a sentence."
  type        = string
  nullable    = false
}

variable "handler" {
  description = "Dotted path of the Python function that Lambda calls."
  type        = string
  nullable    = false
}

variable "package" {
  description = "Path of the zip that holds the handler."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor the package was built for: arm64 or x86_64."
  type        = string
  nullable    = false
}

variable "hot_reload_folder" {
  description = "Folder that the emulator runs in place of the package; null everywhere else."
  type        = string
  default     = null
}

variable "memory_mb" {
  description = "Memory in MB; the processor's share grows with it."
  type        = number
  default     = 256
  nullable    = false
}

variable "timeout_seconds" {
  description = "Time after which Lambda ends a call."
  type        = number
  default     = 10
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Concurrent calls at most; -1 shares the account's limit."
  type        = number
  default     = -1
  nullable    = false
}

variable "environment" {
  description = "The function's environment variables."
  type        = map(string)
  default     = {}
  nullable    = false

  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  validation {
    # Bytes, of which Terraform counts those of Base64 alone.
    condition     = sum(concat([0], [for name, value in var.environment : length(name) + floor(length(replace(base64encode(value), "=", "")) * 3 / 4)])) <= 4096
    error_message = "environment must have at most 4096 bytes, names included, since Lambda takes no more: name fewer or shorter worker.models."
  }
}

variable "policy_statements" {
  description = <<-EOT
    What the function may do beside writing its own log.

    `sid`: name of the statement.
    `actions`: IAM actions, each by its full name.
    `resources`: ARNs they are allowed on.
    `condition`: when they are allowed, by operator and key, with the values.
  EOT
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(list(string))))
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for action in flatten(var.policy_statements[*].actions) : !strcontains(action, "*")])
    error_message = "policy_statements must name each action in full, without a wildcard."
  }

  # https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
  validation {
    condition = alltrue([
      for statement in var.policy_statements : !contains(statement.resources, "*") || length(setsubtract(statement.actions, [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScalingActivities",
        "cloudwatch:PutMetricData",
      ])) == 0
    ])
    error_message = "policy_statements must name the resources of each statement by their ARNs; only for autoscaling:Describe* and cloudwatch:PutMetricData does AWS know none."
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the function's log."
  type        = number
  nullable    = false
}

variable "tracing" {
  description = "Whether X-Ray traces the function."
  type        = bool
  default     = false
  nullable    = false
}
