# The scaling loop: once a minute a state machine runs the Lambda `backlog`, four times 15 s apart
# while there is work. Alarms on the metrics that it publishes change the service's desired count.
# The first job of a sleeping fleet starts another state machine, which wakes the fleet at once. A
# third one has each job confirmed once its interaction is answered, or never will be.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  scaling_name = "${var.prefix}-scaling"
  wake_name    = "${var.prefix}-wake"
  confirm_name = "${var.prefix}-confirm"

  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
  machines_arn = "arn:${local.partition}:states:${data.aws_region.current.id}:${local.account}:stateMachine"
  machine_arns = {
    scaling = "${local.machines_arn}:${local.scaling_name}"
    wake    = "${local.machines_arn}:${local.wake_name}"
    confirm = "${local.machines_arn}:${local.confirm_name}"
  }
}

resource "aws_cloudwatch_event_rule" "every_minute" {
  name                = local.scaling_name
  description         = "Starts the scaling loop."
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "scaling" {
  rule      = aws_cloudwatch_event_rule.every_minute.name
  target_id = "scaling"
  arn       = module.state_machine["scaling"].arn
  role_arn  = aws_iam_role.schedule.arn

  # A run that is a minute late is dropped, because the next one starts then.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 1
  }
}

resource "aws_iam_role" "schedule" {
  name = "${var.prefix}-schedule"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "${var.prefix}-schedule"
  role = aws_iam_role.schedule.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "StartLoop"
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = local.machine_arns.scaling
    }]
  })
}
