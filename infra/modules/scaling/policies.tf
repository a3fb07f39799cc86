# Alarms and step scaling policies: docs/decisions/0301 says why there are two metrics.

module "steps" {
  source = "../step_adjustments"

  maximum = var.maximum_tasks
}

locals {
  # Two observations: a point that was measured before a step took effect adds no task twice.
  scale_out_cooldown_seconds = 30
  scale_in_cooldown_seconds  = 60

  policies = {
    out = { steps = module.steps.scale_out, cooldown = local.scale_out_cooldown_seconds, aggregation = "Maximum" }
    in  = { steps = module.steps.scale_in, cooldown = local.scale_in_cooldown_seconds, aggregation = "Minimum" }
  }

  # Minimum: the surplus must have lasted for the alarm's whole period.
  alarms = {
    task-shortfall = { metric = "TaskShortfall", period = 10, statistic = "Maximum", policy = "out", description = "More tasks are wanted than the service is to have." }
    task-surplus   = { metric = "TaskSurplus", period = var.scale_in_hold_seconds, statistic = "Minimum", policy = "in", description = "Tasks have been spare all the time." }
  }
}

resource "aws_appautoscaling_target" "service" {
  service_namespace  = "ecs"
  resource_id        = var.scalable_service
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = min(var.minimum_tasks, var.maximum_tasks)
  max_capacity       = var.maximum_tasks
}

resource "aws_appautoscaling_policy" "this" {
  for_each = local.policies

  name               = "${var.prefix}-scale-${each.key}"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.service.service_namespace
  resource_id        = aws_appautoscaling_target.service.resource_id
  scalable_dimension = aws_appautoscaling_target.service.scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = each.value.cooldown
    metric_aggregation_type = each.value.aggregation

    dynamic "step_adjustment" {
      for_each = each.value.steps

      content {
        metric_interval_lower_bound = step_adjustment.value.metric_interval_lower_bound
        metric_interval_upper_bound = step_adjustment.value.metric_interval_upper_bound
        scaling_adjustment          = step_adjustment.value.scaling_adjustment
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = var.metric_namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # No point is published while there is no work, or if the loop is broken: the fleet then stays.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_appautoscaling_policy.this[each.value.policy].arn]
}
