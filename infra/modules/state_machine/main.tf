# An EXPRESS state machine with its log group and a role that allows what `policy_statements` lists.

data "aws_caller_identity" "current" {}

locals {
  # Names below /aws/vendedlogs keep CloudWatch's resource policy for log deliveries short.
  # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
  log_group_name = "/aws/vendedlogs/states/${var.name}"

  statements = concat(
    [for statement in var.policy_statements : {
      Sid      = statement.sid
      Effect   = "Allow"
      Action   = statement.actions
      Resource = statement.resources
    }],
    # CloudWatch Logs has no resource for deliveries.
    # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    [{
      Sid    = "DeliverLog"
      Effect = "Allow"
      Action = [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
      ]
      Resource = ["*"]
    }],
    # Nor does X-Ray. https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
    [for sid in var.tracing ? ["Trace"] : [] : {
      Sid    = sid
      Effect = "Allow"
      Action = [
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
      ]
      Resource = ["*"]
    }],
  )
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with a key of AWS's; a key of one's own costs a dollar a month, and no secret is logged
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "this" {
  name = var.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = var.name
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_sfn_state_machine" "this" {
  # checkov:skip=CKV_AWS_285: Errors are logged; the executions' data are jobs, which have no place in a log
  name       = var.name
  type       = "EXPRESS"
  role_arn   = aws_iam_role.this.arn
  definition = var.definition

  # Only errors are logged, and without the executions' data: these are jobs.
  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = var.tracing
  }

  # Step Functions tests the log delivery when it creates the state machine.
  depends_on = [aws_iam_role_policy.this]
}
