# A Python Lambda with its log group, and a role that allows to write that log and what
# `policy_statements` lists.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  runtime        = "python3.13"
  log_group_name = "/aws/lambda/${var.name}"
  log_group_arn  = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:log-group:${local.log_group_name}"

  statements = concat(
    [{
      sid     = "WriteOwnLog"
      actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
      # The streams of this group; Lambda names them.
      resources = ["${local.log_group_arn}:log-stream:*"]
    }],
    var.policy_statements,
    # X-Ray has no resources.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    [for sid in var.tracing ? ["Trace"] : [] : {
      sid       = sid
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"]
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
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in local.statements : merge(
      {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      try({ for name in ["Condition"] : name => statement.condition if statement.condition != null }, {}),
    )]
  })
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_116: A dead-letter queue is for asynchronous calls: API Gateway and Step Functions wait for the answer, and SQS has a queue of its own for what failed
  # checkov:skip=CKV_AWS_117: In a VPC it would need a NAT gateway or endpoints by the hour to reach Discord and SQS; it opens no port
  # checkov:skip=CKV_AWS_173: Lambda encrypts the environment with a key of AWS's, and no secret is in it: the public key is public
  # checkov:skip=CKV_AWS_272: The package is built from the checkout by whoever deploys it; a signature by the same hands would add nothing
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  runtime                        = local.runtime
  architectures                  = [var.architecture]
  handler                        = var.handler
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency

  filename         = var.hot_reload_folder == null ? var.package : null
  source_code_hash = var.hot_reload_folder == null ? filebase64sha256(var.package) : null

  # LocalStack runs the folder named by the key, in place, for this bucket.
  s3_bucket = var.hot_reload_folder == null ? null : "hot-reload"
  s3_key    = var.hot_reload_folder

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  # A call before these exist would create a log group without retention, or fail.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}
