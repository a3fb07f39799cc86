mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix             = "bot-test"
  function_name      = "bot-test-interactions"
  function_invoke    = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:bot-test-interactions/invocations"
  throttling         = { rate_per_second = 10, burst = 20 }
  manage_account     = true
  log_retention_days = 7
}

run "only_the_one_method_may_call_the_function" {
  module {
    source = "./modules/interactions_api"
  }

  assert {
    condition     = aws_lambda_permission.api.source_arn == "arn:aws:execute-api:us-east-1:123456789012:api1234567/v1/POST/interactions"
    error_message = "The permission: ${aws_lambda_permission.api.source_arn}"
  }

  assert {
    condition     = aws_api_gateway_method_settings.all.settings[0].throttling_rate_limit == 10 && aws_api_gateway_method_settings.all.settings[0].throttling_burst_limit == 20
    error_message = "The throttling must be what was asked for."
  }

  assert {
    condition     = aws_api_gateway_rest_api.this.endpoint_configuration[0].types == tolist(["REGIONAL"])
    error_message = "The endpoint must be regional."
  }
}

run "the_access_log_contains_no_body_and_no_header" {
  command = plan

  module {
    source = "./modules/interactions_api"
  }

  assert {
    condition = keys(jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format)) == [
      "error", "httpMethod", "integrationLatency", "integrationStatus", "requestId", "requestTime",
      "resourcePath", "responseLatency", "sourceIp", "status",
    ]
    error_message = "The access log: ${aws_api_gateway_stage.this.access_log_settings[0].format}"
  }

  assert {
    condition     = aws_api_gateway_method_settings.all.settings[0].logging_level == "OFF"
    error_message = "Execution logs must be off."
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.name == "/aws/apigateway/bot-test-interactions" && aws_cloudwatch_log_group.access.retention_in_days == 7
    error_message = "The access log must have a group of its own, with retention."
  }
}

run "the_accounts_role_can_be_left_alone" {
  command = plan

  module {
    source = "./modules/interactions_api"
  }

  variables {
    manage_account = false
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 0 && length(aws_iam_role.logs) == 0
    error_message = "The account's setting must not be touched."
  }
}

run "a_stage_name_that_is_invalid_in_an_address_is_refused" {
  command = plan

  module {
    source = "./modules/interactions_api"
  }

  variables {
    stage_name = "v 1"
  }

  expect_failures = [var.stage_name]
}

run "without_a_limit_for_each_source_there_is_no_web_acl" {
  command = plan

  module {
    source = "./modules/interactions_api"
  }

  assert {
    condition     = length(aws_wafv2_web_acl.this) == 0 && length(aws_wafv2_web_acl_association.stage) == 0
    error_message = "A web ACL costs by the month: nobody asked for one."
  }
}

run "a_web_acl_blocks_what_is_unsigned_and_sources_that_send_too_much" {
  module {
    source = "./modules/interactions_api"
  }

  variables {
    requests_per_source = 6000
  }

  assert {
    condition     = { for rule in aws_wafv2_web_acl.this["this"].rule : rule.name => length(rule.action[0].block) } == { unsigned = 1, requests-per-source = 1 }
    error_message = "The rules: ${jsonencode(aws_wafv2_web_acl.this["this"].rule)}"
  }

  assert {
    condition = [
      for rule in aws_wafv2_web_acl.this["this"].rule : [rule.statement[0].rate_based_statement[0].limit, rule.statement[0].rate_based_statement[0].evaluation_window_sec] if rule.name == "requests-per-source"
    ] == [[6000, 60]]
    error_message = "The limit must be what was asked for, in a minute."
  }

  assert {
    condition     = aws_wafv2_web_acl_association.stage["this"].resource_arn == aws_api_gateway_stage.this.arn
    error_message = "The web ACL must be in front of the stage."
  }
}
