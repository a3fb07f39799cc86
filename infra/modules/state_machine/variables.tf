variable "name" {
  description = "Name of the state machine, its role and, below /aws/vendedlogs/states/, its log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-_]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits, hyphens and underscores: the role has the same."
  }
}

variable "definition" {
  description = "The machine in Amazon States Language."
  type        = string
  nullable    = false
}

variable "policy_statements" {
  description = <<-EOT
    What the machine may do beside writing its own log.

    `sid`: name of the statement.
    `actions`: IAM actions, each by its full name.
    `resources`: ARNs they are allowed on.
  EOT
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for action in flatten(var.policy_statements[*].actions) : !strcontains(action, "*")])
    error_message = "policy_statements must name each action in full, without a wildcard."
  }

  validation {
    condition     = !contains(flatten(var.policy_statements[*].resources), "*")
    error_message = "policy_statements must name the resources of each statement by their ARNs."
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the machine's log."
  type        = number
  nullable    = false
}

variable "tracing" {
  description = "Whether X-Ray traces the machine."
  type        = bool
  default     = false
  nullable    = false
}
