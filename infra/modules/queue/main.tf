# The FIFO queue of jobs (message group = user, deduplication id = interaction) and its
# dead-letter queue.
#
# After each change to a queue the provider watches its attributes for 25 s. So one resource has
# all attributes of a queue, and nothing waits for a queue whose name and ARN are known
# before it exists.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  name             = "${var.prefix}-jobs.fifo"
  dead_letter_name = "${var.prefix}-jobs-dead-letters.fifo"

  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
  arn_base = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  url_base = "https://sqs.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}/${data.aws_caller_identity.current.account_id}"

  arn             = "${local.arn_base}:${local.name}"
  dead_letter_arn = "${local.arn_base}:${local.dead_letter_name}"

  redrive_policy = jsonencode({
    deadLetterTargetArn = local.dead_letter_arn
    maxReceiveCount     = var.max_receive_count
  })

  # IAM policies grant the rights; the queues' own policies only demand TLS.
  tls_only = {
    for arn in [local.arn, local.dead_letter_arn] : arn => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    })
  }
}

resource "aws_sqs_queue" "jobs" {
  name       = local.name
  fifo_queue = true

  # High throughput: the quota counts per message group, and ids are unique within their group.
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
  deduplication_scope   = "messageGroup"
  fifo_throughput_limit = "perMessageGroupId"

  visibility_timeout_seconds = var.visibility_timeout_seconds
  message_retention_seconds  = var.message_retention_seconds
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
  redrive_policy             = var.redrive_at_creation ? local.redrive_policy : null
  policy                     = local.tls_only[local.arn]
}

resource "aws_sqs_queue_redrive_policy" "jobs" {
  count = var.redrive_at_creation ? 0 : 1

  queue_url      = aws_sqs_queue.jobs.url
  redrive_policy = local.redrive_policy

  depends_on = [aws_sqs_queue.dead_letters]
}

resource "aws_sqs_queue" "dead_letters" {
  name       = local.dead_letter_name
  fifo_queue = true

  # As its source: ids are unique within their message group.
  deduplication_scope   = "messageGroup"
  fifo_throughput_limit = "perMessageGroupId"

  visibility_timeout_seconds = var.dead_letter_visibility_timeout_seconds
  message_retention_seconds  = var.dead_letter_retention_seconds
  sqs_managed_sse_enabled    = true
  policy                     = local.tls_only[local.dead_letter_arn]

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.arn]
  })
}
