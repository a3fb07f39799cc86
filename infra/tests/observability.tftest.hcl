mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix                  = "bot-test"
  monthly_budget_usd      = 50
  oldest_job_seconds      = 600
  no_capacity_minutes     = 10
  idle_instances_minutes  = 30
  instance_hours_per_day  = 24
  minimum_tasks           = 2
  metric_namespace        = "bot-test"
  api_name                = "bot-test-interactions"
  requests_per_second     = 10
  function_names          = { interactions = "bot-test-interactions", dead_letters = "bot-test-dead-letters" }
  backlog_function_name   = "bot-test-backlog"
  auto_scaling_group_name = "bot-test-worker"
  scaling_alarm_names     = ["bot-test-task-shortfall"]
  log_group_names         = ["/aws/lambda/bot-test-interactions"]
}

run "every_alarm_for_people_publishes_to_the_topic" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = sort(output.alarm_names) == sort([
      "bot-test-dead-letters", "bot-test-dead-letters-errors", "bot-test-failed-starts", "bot-test-idle-instances", "bot-test-instance-hours", "bot-test-interactions-4xx", "bot-test-interactions-5xx", "bot-test-interactions-crowded",
      "bot-test-interactions-errors", "bot-test-interactions-latency", "bot-test-interactions-throttles", "bot-test-loop-silent", "bot-test-no-capacity", "bot-test-oldest-job", "bot-test-starts-stopped",
    ])
    error_message = "The alarms: ${jsonencode(output.alarm_names)}"
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.own), values(aws_cloudwatch_metric_alarm.aws), values(aws_cloudwatch_metric_alarm.comparing)) :
      alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && alarm.ok_actions == toset([aws_sns_topic.alarms.arn]) && length(alarm.alarm_description) > 20
    ])
    error_message = "Every alarm must reach the topic, say what it means, and when it is over."
  }
}

run "missing_data_raises_only_the_loops_alarm" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = [
      for alarm in concat(values(aws_cloudwatch_metric_alarm.own), values(aws_cloudwatch_metric_alarm.aws), values(aws_cloudwatch_metric_alarm.comparing)) :
      alarm.alarm_name if alarm.treat_missing_data != "notBreaching"
    ] == ["bot-test-loop-silent"]
    error_message = "A deployment that nobody uses must be quiet."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.aws["loop-silent"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.aws["loop-silent"].dimensions == tomap({ FunctionName = "bot-test-backlog" })
    error_message = "The loop is silent when its function is not called."
  }
}

run "the_no_capacity_alarm_compares_wanted_and_running_tasks" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = {
      for query in aws_cloudwatch_metric_alarm.comparing["no-capacity"].metric_query : query.id => try(query.metric[0].metric_name, query.expression)
      } == {
      raised  = "IF(wanted > 0 AND running < 1, 1, 0)"
      wanted  = "TasksWanted"
      running = "TasksRunning"
    }
    error_message = "The alarm: ${jsonencode(aws_cloudwatch_metric_alarm.comparing["no-capacity"])}"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.comparing["no-capacity"].evaluation_periods == 10
    error_message = "A start must not set it off."
  }
}

run "instances_that_nobody_wants_are_reported_and_so_are_too_many_hours" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = {
      for query in aws_cloudwatch_metric_alarm.comparing["idle-instances"].metric_query : query.id => try("${query.metric[0].namespace} ${query.metric[0].metric_name}", query.expression)
      } == {
      raised    = "IF(instances > FILL(wanted, 0) AND instances > 2, 1, 0)"
      wanted    = "bot-test TasksWanted"
      instances = "AWS/AutoScaling GroupInServiceInstances"
    }
    error_message = "The alarm: ${jsonencode(aws_cloudwatch_metric_alarm.comparing["idle-instances"])}"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.comparing["idle-instances"].datapoints_to_alarm == 30
    error_message = "ECS itself keeps an empty instance for 15 minutes."
  }

  assert {
    condition = [
      aws_cloudwatch_metric_alarm.aws["instance-hours"].metric_name, aws_cloudwatch_metric_alarm.aws["instance-hours"].statistic,
      aws_cloudwatch_metric_alarm.aws["instance-hours"].period, aws_cloudwatch_metric_alarm.aws["instance-hours"].threshold,
    ] == ["GroupInServiceInstances", "Sum", 86400, 24 * 60]
    error_message = "The sum of a point each minute must be a day's instance-minutes."
  }
}

run "without_a_cap_no_alarm_counts_hours" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    instance_hours_per_day = 0
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.aws), "instance-hours")
    error_message = "There is no cap to reach."
  }
}

run "refused_calls_of_the_function_that_answers_are_reported" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = [
      aws_cloudwatch_metric_alarm.aws["interactions-throttles"].metric_name, aws_cloudwatch_metric_alarm.aws["interactions-throttles"].dimensions,
    ] == ["Throttles", tomap({ FunctionName = "bot-test-interactions" })]
    error_message = "Users see no answer where Lambda refuses a call."
  }

  assert {
    condition     = length(regexall("Throttles", aws_cloudwatch_dashboard.this.dashboard_body)) == length(var.function_names)
    error_message = "The dashboard must show the refused calls of every function."
  }
}

run "without_an_address_there_is_no_subscription" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "There must be no subscription."
  }
}

run "an_address_gets_the_alarms" {
  module {
    source = "./modules/observability"
  }

  variables {
    alarm_email = "me@example.com"
  }

  assert {
    condition     = [for subscription in aws_sns_topic_subscription.email : [subscription.protocol, subscription.endpoint]] == [["email", "me@example.com"]]
    error_message = "The address must be subscribed."
  }
}

run "only_alarms_and_the_budget_may_publish" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_sns_topic.alarms.policy).Statement : [statement.Principal.Service, statement.Action, statement.Resource]
      ] == [
      ["cloudwatch.amazonaws.com", "sns:Publish", "arn:aws:sns:us-east-1:123456789012:bot-test-alarms"],
      ["budgets.amazonaws.com", "sns:Publish", "arn:aws:sns:us-east-1:123456789012:bot-test-alarms"],
    ]
    error_message = "The topic's policy: ${aws_sns_topic.alarms.policy}"
  }
}

run "the_budget_counts_this_deployment_and_warns_early" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition     = [aws_budgets_budget.monthly.name, aws_budgets_budget.monthly.limit_amount, aws_budgets_budget.monthly.time_unit] == ["bot-test", "50.0", "MONTHLY"]
    error_message = "The budget: ${jsonencode(aws_budgets_budget.monthly)}"
  }

  assert {
    condition     = [for filter in aws_budgets_budget.monthly.cost_filter : [filter.name, join(",", filter.values)]] == [["TagKeyValue", "user:Deployment$bot-test"]]
    error_message = "The filter: ${jsonencode(aws_budgets_budget.monthly.cost_filter)}"
  }

  assert {
    condition     = { for told in aws_budgets_budget.monthly.notification : told.notification_type => told.threshold } == { ACTUAL = 80, FORECASTED = 100 }
    error_message = "The notifications: ${jsonencode(aws_budgets_budget.monthly.notification)}"
  }
}

run "the_dashboard_shows_every_alarm_and_fits_the_page" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(widget.properties.alarms) if widget.type == "alarm"
    ] == [16]
    error_message = "Every alarm must be shown."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.x + widget.width <= 24])
    error_message = "The page is 24 units wide."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x} ${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "No widget may lie on another."
  }
}

run "refused_and_crowding_requests_raise_alarms_by_the_throttle" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = {
      for name in ["interactions-4xx", "interactions-crowded"] : name => [
        aws_cloudwatch_metric_alarm.aws[name].metric_name, aws_cloudwatch_metric_alarm.aws[name].threshold, aws_cloudwatch_metric_alarm.aws[name].dimensions["ApiName"],
      ]
      } == {
      interactions-4xx     = ["4XXError", 30, "bot-test-interactions"]
      interactions-crowded = ["Count", 480, "bot-test-interactions"]
    }
    error_message = "The alarms: ${jsonencode(aws_cloudwatch_metric_alarm.aws)}"
  }
}
