# The steps of a step scaling policy for a fleet of up to `maximum` tasks. They equal those that
# infra/capacity/step_scaling.py computes; a test compares all of them. A policy may have 20 steps.
# HCL cannot compute the sizes for larger fleets: `python -m infra.capacity step-sizes` writes them
# to sizes.json.

terraform {
  required_version = ">= 1.10"
}

locals {
  # https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
  maximum_steps = 20

  # A paused fleet keeps its policies, with the steps of the smallest fleet.
  maximum = max(1, var.maximum)

  sizes = (
    local.maximum <= local.maximum_steps
    ? range(1, local.maximum + 1)
    : [for size in split(" ", jsondecode(file("${path.module}/sizes.json"))[tostring(local.maximum)]) : tonumber(size)]
  )

  # The alarms' threshold is 1, so a difference of 0 is one task. Each size applies up to the next.
  steps = [for index, size in local.sizes : {
    lower = size - 1
    upper = index == length(local.sizes) - 1 ? null : local.sizes[index + 1] - 1
    size  = size
  }]
}
