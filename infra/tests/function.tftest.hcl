mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name               = "bot-test-answer"
  description        = "Answers."
  handler            = "package.module.handler"
  package            = "tests/fixtures/package.txt"
  architecture       = "arm64"
  log_retention_days = 7

  policy_statements = [{
    sid       = "QueueJobs"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:us-east-1:123456789012:bot-test-jobs.fifo"]
  }]
}

run "a_functions_role_allows_its_log_and_the_given_statements" {
  command = plan

  module {
    source = "./modules/function"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [
      {
        Sid      = "WriteOwnLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/bot-test-answer:log-stream:*"]
      },
      {
        Sid      = "QueueJobs"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = ["arn:aws:sqs:us-east-1:123456789012:bot-test-jobs.fifo"]
      },
    ]
    error_message = "The policy: ${aws_iam_role_policy.this.policy}"
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/${aws_lambda_function.this.function_name}" && aws_cloudwatch_log_group.this.retention_in_days == 7
    error_message = "The log group must be the function's own, with retention."
  }

  assert {
    condition     = aws_lambda_function.this.filename == "tests/fixtures/package.txt" && aws_lambda_function.this.source_code_hash == filebase64sha256("tests/fixtures/package.txt")
    error_message = "The function must run the package, and follow its content."
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "python3.13" && aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "The function must run Python 3.13 on the package's architecture."
  }
}

run "a_hot_reloaded_function_runs_the_folder" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    hot_reload_folder = "/srv/code"
  }

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "hot-reload" && aws_lambda_function.this.s3_key == "/srv/code" && aws_lambda_function.this.filename == null
    error_message = "The function must run the folder in place of the package."
  }
}

run "only_the_tracing_statement_has_no_resource" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    tracing = true
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action if contains(statement.Resource, "*")
    ] == [["xray:PutTelemetryRecords", "xray:PutTraceSegments"]]
    error_message = "The policy: ${aws_iam_role_policy.this.policy}"
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "The function must be traced."
  }
}

run "a_wildcard_action_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy_statements = [{ sid = "All", actions = ["sqs:*"], resources = ["arn:aws:sqs:us-east-1:123456789012:bot"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_wildcard_resource_with_a_condition_is_accepted" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy_statements = [{
      sid       = "PublishMetrics"
      actions   = ["cloudwatch:PutMetricData"]
      resources = ["*"]
      condition = { StringEquals = { "cloudwatch:namespace" = ["bot-test"] } }
    }]
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[1] == {
      Sid       = "PublishMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = ["bot-test"] } }
    }
    error_message = "The policy: ${aws_iam_role_policy.this.policy}"
  }
}

run "a_wildcard_resource_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy_statements = [{ sid = "All", actions = ["sqs:SendMessage"], resources = ["*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_name_too_long_for_lambda_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name = "a-name-of-sixty-five-letters-which-is-one-more-than-lambda-allows"
  }

  expect_failures = [var.name]
}

run "an_environment_larger_than_lambda_takes_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    environment = { MODELS = format("%04096d", 0) }
  }

  expect_failures = [var.environment]
}

run "an_environment_of_longer_letters_is_counted_in_bytes" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    environment = { STYLES = join("", [for _ in range(1000) : "絵本"]) }
  }

  expect_failures = [var.environment]
}
