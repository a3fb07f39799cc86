mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name               = "bot-test-loop"
  definition         = "{}"
  log_retention_days = 7

  policy_statements = [{
    sid       = "Look"
    actions   = ["lambda:InvokeFunction"]
    resources = ["arn:aws:lambda:us-east-1:123456789012:function:bot-test-backlog"]
  }]
}

run "a_machine_is_express_and_logs_errors_without_data" {
  module {
    source = "./modules/state_machine"
  }

  assert {
    condition     = aws_sfn_state_machine.this.type == "EXPRESS" && aws_sfn_state_machine.this.name == "bot-test-loop"
    error_message = "The machine must be EXPRESS: a standard one is charged by the transition."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/vendedlogs/states/bot-test-loop" && aws_cloudwatch_log_group.this.retention_in_days == 7
    error_message = "The log group: ${aws_cloudwatch_log_group.this.name}"
  }

  assert {
    condition = [
      for log in aws_sfn_state_machine.this.logging_configuration : [log.level, log.include_execution_data, endswith(log.log_destination, ":*")]
    ] == [["ERROR", false, true]]
    error_message = "The log must hold errors, and no data of jobs."
  }

  assert {
    condition     = !aws_sfn_state_machine.this.tracing_configuration[0].enabled
    error_message = "Tracing must be off unless asked for."
  }
}

run "a_machines_role_allows_the_given_statements_and_log_delivery" {
  module {
    source = "./modules/state_machine"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid] == ["Look", "DeliverLog"]
    error_message = "The policy: ${aws_iam_role_policy.this.policy}"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid if contains(statement.Resource, "*")
    ] == ["DeliverLog"]
    error_message = "Only the delivery of logs knows no resource."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    error_message = "Only machines of this account may take the role."
  }
}

run "a_traced_machines_role_allows_tracing" {
  module {
    source = "./modules/state_machine"
  }

  variables {
    tracing = true
  }

  assert {
    condition     = aws_sfn_state_machine.this.tracing_configuration[0].enabled
    error_message = "Tracing must be on."
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role_policy.this.policy).Statement[*].Sid, "Trace")
    error_message = "The policy: ${aws_iam_role_policy.this.policy}"
  }
}

run "a_wildcard_action_is_refused" {
  command = plan

  module {
    source = "./modules/state_machine"
  }

  variables {
    policy_statements = [{ sid = "All", actions = ["lambda:*"], resources = ["arn:aws:lambda:us-east-1:123456789012:function:bot"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_wildcard_resource_is_refused" {
  command = plan

  module {
    source = "./modules/state_machine"
  }

  variables {
    policy_statements = [{ sid = "All", actions = ["lambda:InvokeFunction"], resources = ["*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_name_too_long_for_its_role_is_refused" {
  command = plan

  module {
    source = "./modules/state_machine"
  }

  variables {
    name = "a-name-of-sixty-five-letters-which-is-one-more-than-a-role-allows"
  }

  expect_failures = [var.name]
}
