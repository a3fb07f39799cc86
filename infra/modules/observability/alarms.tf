# Alarms that need a person's action; docs/operations.md says which.

locals {
  # Metrics that the deployment publishes itself.
  own_alarms = {
    dead-letters = {
      metric      = "DeadLetters", statistic = "Sum", period = 60, of = [1, 1], threshold = 1
      description = "Jobs failed as often as they may, and their users were told."
    }
    oldest-job = {
      metric      = "OldestJobSeconds", statistic = "Maximum", period = 60, of = [2, 3], threshold = var.oldest_job_seconds
      description = "A job has waited so long that its user may see no answer: tokens end after 15 minutes."
    }
    failed-starts = {
      metric      = "FailedStarts", statistic = "Maximum", period = 60, of = [1, 1], threshold = 1
      description = "Instances or tasks that were started do not work and were ended; after some in a row the fleet pauses. The log of backlog says which."
    }
    starts-stopped = {
      metric      = "StartsStopped", statistic = "Maximum", period = 60, of = [1, 1], threshold = 1
      description = "No task is started: too many starts failed in a row, or the instance hours of the day or month are used up. Users are told."
    }
  }

  # Metrics that AWS publishes.
  aws_alarms = merge(
    {
      interactions-5xx = {
        namespace   = "AWS/ApiGateway", metric = "5XXError", statistic = "Sum", period = 60, of = [1, 1], threshold = 1
        dimension   = { ApiName = var.api_name }, missing = "notBreaching"
        description = "Discord got an error for an answer: users saw \"The application did not respond\"."
      }
      interactions-latency = {
        namespace   = "AWS/ApiGateway", metric = "Latency", statistic = "p99", period = 60, of = [2, 3], threshold = 2500
        dimension   = { ApiName = var.api_name }, missing = "notBreaching"
        description = "Answers come close to the 3 s that Discord waits."
      }
      # Requests that API Gateway or the function refused: without a signature, over the throttle (429),
      # for other paths. Discord tests the endpoint with wrong signatures now and then.
      # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
      interactions-4xx = {
        namespace   = "AWS/ApiGateway", metric = "4XXError", statistic = "Sum", period = 60, of = [2, 3], threshold = ceil(60 * 0.05 * var.requests_per_second)
        dimension   = { ApiName = var.api_name }, missing = "notBreaching"
        description = "Many requests are refused: somebody other than Discord calls the endpoint, or interactions are throttled (429). Look at sources and statuses in the access log."
      }
      # The throttle is one for everybody: near it, whoever calls crowds Discord out.
      interactions-crowded = {
        namespace   = "AWS/ApiGateway", metric = "Count", statistic = "Sum", period = 60, of = [1, 1], threshold = ceil(60 * 0.8 * var.requests_per_second)
        dimension   = { ApiName = var.api_name }, missing = "notBreaching"
        description = "Requests come at four fifths of the rate at which they are throttled, at which Discord's are refused as well: users see \"The application did not respond\"."
      }
      # The loop runs every minute, with or without work.
      loop-silent = {
        namespace   = "AWS/Lambda", metric = "Invocations", statistic = "Sum", period = 60, of = [5, 5], threshold = 1
        dimension   = { FunctionName = var.backlog_function_name }, missing = "breaching", below = true
        description = "The scaling loop has not looked at the queue for 5 minutes: the fleet neither grows nor shrinks. Right after a deployment was made it is raised once, until the loop has run."
      }
      interactions-throttles = {
        namespace   = "AWS/Lambda", metric = "Throttles", statistic = "Sum", period = 60, of = [1, 1], threshold = 1
        dimension   = { FunctionName = var.function_names.interactions }, missing = "notBreaching"
        description = "Lambda refused interactions: the account's limit of calls at once (L-B99A9384), or reserved_concurrency, is reached."
      }
    },
    # The scaling loop stops at the cap; this one counts by Auto Scaling's own metric, and so is raised
    # if the loop does not. It has a point each minute, whose sum over a day is instance-minutes.
    { for name in var.instance_hours_per_day > 0 ? ["instance-hours"] : [] : name => {
      namespace   = "AWS/AutoScaling", metric = "GroupInServiceInstances", statistic = "Sum", period = 86400, of = [1, 1], threshold = 60 * var.instance_hours_per_day
      dimension   = { AutoScalingGroupName = var.auto_scaling_group_name }, missing = "notBreaching"
      description = "Instances ran for ${var.instance_hours_per_day} hours in a day, all of them together: the fleet's cap. Look whether anybody asked for so much."
    } },
    { for role, name in var.function_names : "${replace(role, "_", "-")}-errors" => {
      namespace   = "AWS/Lambda", metric = "Errors", statistic = "Sum", period = 60, of = [1, 1], threshold = 1
      dimension   = { FunctionName = name }, missing = "notBreaching"
      description = "The Lambda ${name} failed: its log says why."
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "own" {
  for_each = local.own_alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = var.metric_namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  period              = each.value.period
  datapoints_to_alarm = each.value.of[0]
  evaluation_periods  = each.value.of[1]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "aws" {
  for_each = local.aws_alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimension
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  datapoints_to_alarm = each.value.of[0]
  evaluation_periods  = each.value.of[1]
  comparison_operator = try(each.value.below, false) ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

locals {
  fleet_metrics = {
    wanted    = { namespace = var.metric_namespace, metric = "TasksWanted", dimension = {} }
    running   = { namespace = var.metric_namespace, metric = "TasksRunning", dimension = {} }
    instances = { namespace = "AWS/AutoScaling", metric = "GroupInServiceInstances", dimension = { AutoScalingGroupName = var.auto_scaling_group_name } }
  }

  # Alarms that compare metrics of the fleet, minute by minute.
  comparing_alarms = {
    # No GPU is available, the quota is used up, or tasks fail as they start.
    no-capacity = {
      metrics     = ["wanted", "running"], minutes = var.no_capacity_minutes
      expression  = "IF(wanted > 0 AND running < 1, 1, 0)"
      description = "Tasks have been wanted for ${var.no_capacity_minutes} minutes and none runs: look at the group's activities and the service's events."
    }
    # An instance that never joined the cluster, or one more than was needed. The loop publishes
    # nothing while nothing is wanted; the group's metric always has a point.
    idle-instances = {
      metrics     = ["wanted", "instances"], minutes = var.idle_instances_minutes
      expression  = "IF(instances > FILL(wanted, 0) AND instances > ${var.minimum_tasks}, 1, 0)"
      description = "For ${var.idle_instances_minutes} minutes more instances have been in service than tasks are wanted, and each is billed: look whether they joined the cluster, and terminate them."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "comparing" {
  for_each = local.comparing_alarms

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  datapoints_to_alarm = each.value.minutes
  evaluation_periods  = each.value.minutes
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "raised"
    expression  = each.value.expression
    label       = each.key
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(each.value.metrics)

    content {
      id = metric_query.key

      metric {
        namespace   = local.fleet_metrics[metric_query.key].namespace
        metric_name = local.fleet_metrics[metric_query.key].metric
        dimensions  = local.fleet_metrics[metric_query.key].dimension
        stat        = "Maximum"
        period      = 60
      }
    }
  }
}

moved {
  from = aws_cloudwatch_metric_alarm.no_capacity
  to   = aws_cloudwatch_metric_alarm.comparing["no-capacity"]
}
