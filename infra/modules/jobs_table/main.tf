# The jobs table, and of the fleet's state, ledgers and server settings. The beginning of an
# item's id says what it is.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  name = "${var.prefix}-jobs"
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
  arn = "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:table/${local.name}"

  # The partition keys of the items that programs have to do with (docs/architecture.md, "The table").
  item_keys = {
    jobs            = ["job#*"]
    jobs_and_ledger = ["deployment#*", "guild#*#*", "job#*", "user#*"]
    fleet           = ["fleet"]
    estimates       = ["fleet", "pace"]
    workers         = ["pace", "ready"]
    requests        = ["audit#*", "cancel#*", "channel#*", "deployment#*", "guild#*", "job#*", "press#*", "user#*"]
  }
}

resource "aws_dynamodb_table" "jobs" {
  # checkov:skip=CKV_AWS_28: A job is of no use after 15 minutes; point_in_time_recovery switches it on for whoever wants settings and quotas back
  # checkov:skip=CKV_AWS_119: DynamoDB encrypts it with a key of AWS's that costs nothing; AWS's managed key would be billed by its requests, a key of one's own also by the month
  name         = local.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "waiting"
    type = "S"
  }

  attribute {
    name = "history"
    type = "S"
  }

  attribute {
    name = "created_at"
    type = "N"
  }

  # Unanswered jobs, the oldest first. Sparse: a finished job has no `waiting`.
  global_secondary_index {
    name            = "waiting"
    hash_key        = "waiting"
    range_key       = "created_at"
    projection_type = "ALL"
  }

  # The answered jobs of each user, for /history. Sparse, and of keys alone: one write unit a job.
  global_secondary_index {
    name            = "history"
    hash_key        = "history"
    range_key       = "created_at"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    enabled        = true
    attribute_name = "ttl"
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }
}
