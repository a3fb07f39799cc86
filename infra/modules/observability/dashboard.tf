# One page: answers, waiting jobs, the fleet, failures.

locals {
  own = var.metric_namespace

  # Rows of widgets: title, metrics, and what the axis counts.
  rows = [
    [
      { title = "Users: jobs waiting and the oldest one's age", stat = "Maximum", period = 60, metrics = [
        [local.own, "JobsWaiting", { label = "jobs waiting" }],
        [local.own, "OldestJobSeconds", { label = "oldest, seconds", yAxis = "right" }],
      ] },
      { title = "Fleet: tasks wanted and running", stat = "Maximum", period = 10, metrics = [
        [local.own, "TasksWanted", { label = "wanted" }],
        [local.own, "TasksRunning", { label = "running" }],
        [local.own, "TaskShortfall", { label = "short" }],
        [local.own, "TaskSurplus", { label = "spare" }],
      ] },
      { title = "Instances", stat = "Maximum", period = 60, metrics = [
        ["AWS/AutoScaling", "GroupDesiredCapacity", "AutoScalingGroupName", var.auto_scaling_group_name, { label = "asked for" }],
        ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", var.auto_scaling_group_name, { label = "in service" }],
        ["AWS/AutoScaling", "GroupPendingInstances", "AutoScalingGroupName", var.auto_scaling_group_name, { label = "starting" }],
      ] },
    ],
    [
      { title = "Workers: jobs answered, and what failed", stat = "Sum", period = 60, metrics = [
        [local.own, "JobsAnswered", { label = "answered" }],
        [local.own, "Failures", { label = "failures" }],
        [local.own, "PicturesFiltered", { label = "pictures held back" }],
      ] },
      { title = "Workers: seconds of a job (p90)", stat = "p90", period = 60, metrics = [
        [local.own, "WaitedSeconds", { label = "waited" }],
        [local.own, "DrawSeconds", { label = "drawn" }],
        [local.own, "PublishSeconds", { label = "uploaded" }],
        [local.own, "JobSeconds", { label = "from receipt to upload" }],
      ] },
      { title = "Workers: batches", stat = "Average", period = 60, metrics = [
        [local.own, "BatchJobs", { label = "jobs in a batch" }],
        [local.own, "PicturesPerSecond", { label = "pictures a second", yAxis = "right" }],
      ] },
    ],
    [
      { title = "Interactions: calls and errors", stat = "Sum", period = 60, metrics = [
        ["AWS/ApiGateway", "Count", "ApiName", var.api_name, { label = "calls" }],
        ["AWS/ApiGateway", "4XXError", "ApiName", var.api_name, { label = "refused (4xx)" }],
        ["AWS/ApiGateway", "5XXError", "ApiName", var.api_name, { label = "failed (5xx)" }],
      ] },
      { title = "Interactions: time to answer, ms (Discord waits 3000)", stat = "p99", period = 60, metrics = [
        ["AWS/ApiGateway", "Latency", "ApiName", var.api_name, { label = "p99" }],
        ["AWS/ApiGateway", "Latency", "ApiName", var.api_name, { label = "p50", stat = "p50" }],
      ] },
      { title = "Failed jobs", stat = "Sum", period = 60, metrics = [
        [local.own, "DeadLetters", { label = "dead letters" }],
      ] },
    ],
    [
      { title = "Functions: errors, and calls refused for the limit of calls at once", stat = "Sum", period = 60, metrics = concat(
        [for role, name in var.function_names : ["AWS/Lambda", "Errors", "FunctionName", name, { label = role }]],
        [for role, name in var.function_names : ["AWS/Lambda", "Throttles", "FunctionName", name, { label = "${role} refused" }]],
      ) },
      { title = "Functions: duration, ms (p99)", stat = "p99", period = 60, metrics = [
        for role, name in var.function_names : ["AWS/Lambda", "Duration", "FunctionName", name, { label = role }]
      ] },
      { title = "Scaling loop: runs a minute", stat = "Sum", period = 60, metrics = [
        ["AWS/Lambda", "Invocations", "FunctionName", var.backlog_function_name, { label = "looks" }],
      ] },
    ],
  ]

  alarm_names = concat(
    [for alarm in aws_cloudwatch_metric_alarm.comparing : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.own : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.aws : alarm.alarm_name],
    var.scaling_alarm_names,
  )
  alarms_arn = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm"

  # The page is 24 units wide.
  graphs = flatten([for row, widgets in local.rows : [for column, widget in widgets : {
    type   = "metric"
    x      = column * 8
    y      = 3 + row * 6
    width  = 8
    height = 6
    properties = {
      title   = widget.title
      region  = local.region
      view    = "timeSeries"
      stat    = widget.stat
      period  = widget.period
      metrics = widget.metrics
      yAxis   = { left = { min = 0 } }
    }
  }]])

  state = {
    type   = "alarm"
    x      = 0
    y      = 0
    width  = 24
    height = 3
    properties = {
      title  = "Alarms"
      alarms = [for name in sort(local.alarm_names) : "${local.alarms_arn}:${name}"]
    }
  }

  failures = {
    type   = "log"
    x      = 0
    y      = 3 + length(local.rows) * 6
    width  = 24
    height = 6
    properties = {
      title  = "Errors in the logs"
      region = local.region
      view   = "table"
      query = join("", [
        join(" | ", [for name in var.log_group_names : "SOURCE '${name}'"]),
        " | fields @timestamp, @log, @message | filter @message like /ERROR|Traceback|Task timed out/ | sort @timestamp desc | limit 20",
      ])
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.prefix
  dashboard_body = jsonencode({ widgets = concat([local.state], local.graphs, [local.failures]) })
}
