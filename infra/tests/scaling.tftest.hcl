mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix                  = "bot-test"
  backlog_function_arn    = "arn:aws:lambda:us-east-1:123456789012:function:bot-test-backlog"
  waiting_function_arn    = "arn:aws:lambda:us-east-1:123456789012:function:bot-test-waiting"
  cluster_name            = "bot-test"
  service_name            = "bot-test-worker"
  service_arn             = "arn:aws:ecs:us-east-1:123456789012:service/bot-test/bot-test-worker"
  scalable_service        = "service/bot-test/bot-test-worker"
  auto_scaling_group_name = "bot-test-worker"
  auto_scaling_group_arn  = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/bot-test-worker"
  minimum_tasks           = 1
  maximum_tasks           = 3
  scale_in_hold_seconds   = 300
  metric_namespace        = "bot-test"
  log_retention_days      = 7
}

run "alarms_are_as_decision_0301_says" {
  module {
    source = "./modules/scaling"
  }

  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.this : key => [
        alarm.alarm_name, alarm.namespace, alarm.metric_name, alarm.statistic, alarm.period, alarm.evaluation_periods,
        alarm.datapoints_to_alarm, alarm.comparison_operator, alarm.threshold, alarm.treat_missing_data,
      ]
      } == {
      task-shortfall = ["bot-test-task-shortfall", "bot-test", "TaskShortfall", "Maximum", 10, 1, 1, "GreaterThanOrEqualToThreshold", 1, "notBreaching"]
      task-surplus   = ["bot-test-task-surplus", "bot-test", "TaskSurplus", "Minimum", 300, 1, 1, "GreaterThanOrEqualToThreshold", 1, "notBreaching"]
    }
    error_message = "The alarms: ${jsonencode(aws_cloudwatch_metric_alarm.this)}"
  }

  assert {
    condition = {
      for key, policy in aws_appautoscaling_policy.this : key => [
        for configuration in policy.step_scaling_policy_configuration : [
          configuration.adjustment_type, configuration.cooldown, configuration.metric_aggregation_type, length(configuration.step_adjustment),
        ]
      ]
      } == {
      out = [["ChangeInCapacity", 30, "Maximum", 3]]
      in  = [["ChangeInCapacity", 60, "Minimum", 3]]
    }
    error_message = "The policies: ${jsonencode(aws_appautoscaling_policy.this)}"
  }

  assert {
    condition     = [aws_appautoscaling_target.service.resource_id, aws_appautoscaling_target.service.min_capacity, aws_appautoscaling_target.service.max_capacity] == ["service/bot-test/bot-test-worker", 1, 3]
    error_message = "The target: ${jsonencode(aws_appautoscaling_target.service)}"
  }
}

run "a_paused_fleet_cannot_grow" {
  module {
    source = "./modules/scaling"
  }

  variables {
    maximum_tasks = 0
  }

  assert {
    condition     = [aws_appautoscaling_target.service.min_capacity, aws_appautoscaling_target.service.max_capacity] == [0, 0]
    error_message = "The target must be held at 0."
  }
}

run "the_rule_runs_every_minute_and_may_only_start_the_loop" {
  module {
    source = "./modules/scaling"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.every_minute.schedule_expression == "rate(1 minute)" && aws_cloudwatch_event_target.scaling.arn == module.state_machine["scaling"].arn
    error_message = "The rule must start the loop every minute."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.schedule.policy).Statement == [{
      Sid      = "StartLoop"
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = "arn:aws:states:us-east-1:123456789012:stateMachine:bot-test-scaling"
    }]
    error_message = "The rule's role: ${aws_iam_role_policy.schedule.policy}"
  }
}

run "the_state_machines_may_call_exactly_what_their_definitions_call" {
  module {
    source = "./modules/scaling"
  }

  assert {
    condition = {
      for key, machine in module.state_machine : key => [
        for statement in jsondecode(machine.policy).Statement : [statement.Sid, join(",", statement.Action), join(",", statement.Resource)] if statement.Sid != "DeliverLog"
      ]
      } == {
      scaling = [
        ["LookAndTell", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:bot-test-backlog,arn:aws:lambda:us-east-1:123456789012:function:bot-test-waiting"],
        ["Wake", "states:StartExecution", "arn:aws:states:us-east-1:123456789012:stateMachine:bot-test-wake"],
      ]
      wake = [
        ["Look", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:bot-test-backlog"],
        ["Wake", "ecs:UpdateService", "arn:aws:ecs:us-east-1:123456789012:service/bot-test/bot-test-worker"],
        ["Raise", "autoscaling:SetDesiredCapacity", "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/bot-test-worker"],
      ]
      confirm = [["Confirm", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:bot-test-waiting"]]
    }
    error_message = "The policies: ${jsonencode(module.state_machine)}"
  }

  assert {
    condition     = strcontains(module.state_machine["scaling"].definition, var.waiting_function_arn) && strcontains(module.state_machine["wake"].definition, "\"bot-test-worker\"")
    error_message = "The definitions must name what they call."
  }

  assert {
    condition     = strcontains(module.state_machine["wake"].definition, "\"arn:aws:states:::aws-sdk:ecs:updateService\"")
    error_message = "The definitions must name services of the account's partition."
  }

  assert {
    condition     = alltrue([for machine in module.state_machine : can(jsondecode(machine.definition)) && !strcontains(machine.definition, "$${")])
    error_message = "The definitions must be whole."
  }
}
