mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix                  = "bot-test"
  monthly_budget_usd      = 50
  oldest_job_seconds      = 600
  no_capacity_minutes     = 10
  metric_namespace        = "bot-test"
  api_name                = "bot-test-interactions"
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
      "bot-test-dead-letters", "bot-test-dead-letters-errors", "bot-test-interactions-5xx", "bot-test-interactions-errors",
      "bot-test-interactions-latency", "bot-test-loop-silent", "bot-test-no-capacity", "bot-test-oldest-job",
    ])
    error_message = "The alarms: ${jsonencode(output.alarm_names)}"
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.own), values(aws_cloudwatch_metric_alarm.aws), [aws_cloudwatch_metric_alarm.no_capacity]) :
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
      for alarm in concat(values(aws_cloudwatch_metric_alarm.own), values(aws_cloudwatch_metric_alarm.aws), [aws_cloudwatch_metric_alarm.no_capacity]) :
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
      for query in aws_cloudwatch_metric_alarm.no_capacity.metric_query : query.id => try(query.metric[0].metric_name, query.expression)
      } == {
      lacking = "IF(wanted > 0 AND running < 1, 1, 0)"
      wanted  = "TasksWanted"
      running = "TasksRunning"
    }
    error_message = "The alarm: ${jsonencode(aws_cloudwatch_metric_alarm.no_capacity)}"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_capacity.evaluation_periods == 10
    error_message = "A start must not set it off."
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
    ] == [9]
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
