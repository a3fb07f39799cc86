output "scale_out" {
  description = "Steps that answer a shortfall; an upper bound of null is open."
  value = [for step in local.steps : {
    metric_interval_lower_bound = step.lower
    metric_interval_upper_bound = step.upper
    scaling_adjustment          = step.size
  }]
}

output "scale_in" {
  description = "Steps that answer a surplus; an upper bound of null is open."
  value = [for step in local.steps : {
    metric_interval_lower_bound = step.lower
    metric_interval_upper_bound = step.upper
    scaling_adjustment          = -step.size
  }]
}
