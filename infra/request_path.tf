# Discord -> API Gateway -> Lambda `interactions` -> SQS FIFO `jobs`.

locals {
  prefix = "${var.project}-${var.environment}"
}

module "queue" {
  source = "./modules/queue"

  prefix                                 = local.prefix
  visibility_timeout_seconds             = var.visibility_timeout_seconds
  message_retention_seconds              = var.message_retention_seconds
  dead_letter_retention_seconds          = var.dead_letter_retention_seconds
  dead_letter_visibility_timeout_seconds = 6 * local.functions.dead_letters.timeout_seconds
  max_receive_count                      = var.max_receive_count
  redrive_at_creation                    = local.emulated
}

module "jobs_table" {
  source = "./modules/jobs_table"

  prefix                 = local.prefix
  point_in_time_recovery = var.point_in_time_recovery
}

module "interactions_api" {
  source = "./modules/interactions_api"

  prefix              = local.prefix
  function_name       = module.function["interactions"].name
  function_invoke     = module.function["interactions"].invoke_arn
  throttling          = var.throttling
  requests_per_source = var.throttling.per_source_and_minute
  manage_account      = var.manage_api_gateway_account
  log_retention_days  = var.log_retention_days
  tracing             = var.tracing
}

moved {
  from = module.interactions_function
  to   = module.function["interactions"]
}
