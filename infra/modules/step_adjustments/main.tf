# The steps of a step scaling policy for a fleet of up to `maximum` tasks, as
# discord_diffusion.scaling computes them: HCL cannot grow a list until it fits, so the sizes of
# fleets that have more sizes than a policy may have steps are written down (sizes.json, by
# `python -m infra.capacity.step_sizes`).

terraform {
  required_version = ">= 1.10"
}

locals {
  # https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
  most_steps = 20

  # A paused fleet still has its policies; they have nothing to do.
  maximum = max(1, var.maximum)

  written = jsondecode(file("${path.module}/sizes.json"))
  sizes   = local.maximum <= local.most_steps ? range(1, local.maximum + 1) : local.written[tostring(local.maximum)]

  # The alarms' threshold is 1: a difference of 0 is one task. Each size holds until the next.
  steps = [for index, size in local.sizes : {
    lower = size - 1
    upper = index == length(local.sizes) - 1 ? null : local.sizes[index + 1] - 1
    size  = size
  }]
}
