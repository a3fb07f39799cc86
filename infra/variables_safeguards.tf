# What keeps a fault from costing money all night: docs/decisions/0405.

variable "safeguards" {
  description = <<-EOT
    When instances are ended and starts are stopped.

    `join_seconds`: time in which an instance must join the cluster; one that has not, or whose ECS agent has been silent for as long, is ended.
    `failed_starts`: failed starts in a row after which the fleet pauses.
    `retry_pause_seconds`: length of the first pause; after it one start is tried, and each further pause is twice as long, up to 2 hours.
    `instance_hours_a_day`, `instance_hours_a_month`: hours of all instances after which the fleet sleeps until the next day or month (UTC); 0 for no cap, null for 24 and 300, and as many
    more as `fleet.minimum_tasks` instances have.
  EOT
  type = object({
    join_seconds           = optional(number, 600)
    failed_starts          = optional(number, 5)
    retry_pause_seconds    = optional(number, 600)
    instance_hours_a_day   = optional(number)
    instance_hours_a_month = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.safeguards.join_seconds >= 1 && var.safeguards.join_seconds <= 3600
    error_message = "safeguards.join_seconds must be from 1 to 3600, and more than a start takes."
  }

  validation {
    condition     = contains(range(1, 11), var.safeguards.failed_starts)
    error_message = "safeguards.failed_starts must be a whole number from 1 to 10."
  }

  validation {
    condition     = var.safeguards.retry_pause_seconds >= 1 && var.safeguards.retry_pause_seconds <= 7200
    error_message = "safeguards.retry_pause_seconds must be from 1 to 7200."
  }

  validation {
    condition = alltrue([
      for hours in [var.safeguards.instance_hours_a_day, var.safeguards.instance_hours_a_month] : coalesce(hours, 0) >= 0 && coalesce(hours, 0) <= 1000000
    ])
    error_message = "safeguards.instance_hours_a_day and instance_hours_a_month must be from 0 (no cap) to 1000000."
  }
}

locals {
  instance_hours = {
    # coalesce takes 0 for a value, and null for none.
    day   = coalesce(var.safeguards.instance_hours_a_day, 24 * (1 + var.fleet.minimum_tasks))
    month = coalesce(var.safeguards.instance_hours_a_month, 300 + 744 * var.fleet.minimum_tasks)
  }
}
