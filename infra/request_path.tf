# Discord -> API Gateway -> Lambda `interactions` -> SQS FIFO `jobs`.

locals {
  prefix = "${var.project}-${var.environment}"

  # A path inside the repository stays relative, so that a plan is the same on every machine.
  lambda_package = startswith(var.lambda_package, "/") ? var.lambda_package : "${path.root}/../${var.lambda_package}"

  # What the functions and the workers share.
  common_environment = {
    QUEUE_URL = module.queue.url
    LOG_LEVEL = var.log_level
  }

  interactions_environment = tomap({
    for name, value in merge(local.common_environment, {
      DISCORD_PUBLIC_KEY    = var.discord_public_key
      REPLAY_WINDOW_SECONDS = var.replay_window_seconds
      DEFAULT_STEPS         = var.generation_defaults.steps
      DEFAULT_GUIDANCE      = var.generation_defaults.guidance
      DEFAULT_WIDTH         = var.generation_defaults.width
      DEFAULT_HEIGHT        = var.generation_defaults.height
      DEFAULT_IMAGES        = var.generation_defaults.images
    }) : name => tostring(value)
  })
}

module "queue" {
  source = "./modules/queue"

  prefix                        = local.prefix
  visibility_timeout_seconds    = var.visibility_timeout_seconds
  message_retention_seconds     = var.message_retention_seconds
  dead_letter_retention_seconds = var.dead_letter_retention_seconds
  max_receive_count             = var.max_receive_count
  redrive_at_creation           = local.emulated
}

module "interactions_function" {
  source = "./modules/function"

  name                 = "${local.prefix}-interactions"
  description          = "Verifies Discord's interactions, queues jobs and answers."
  handler              = "discord_diffusion.handlers.interactions.handler"
  package              = local.lambda_package
  architecture         = var.lambda_architecture
  hot_reload_folder    = var.hot_reload_folder
  memory_mb            = var.interactions_function.memory_mb
  timeout_seconds      = var.interactions_function.timeout_seconds
  reserved_concurrency = var.interactions_function.reserved_concurrency
  environment          = local.interactions_environment
  log_retention_days   = var.log_retention_days
  tracing              = var.tracing

  policy_statements = [
    { sid = "QueueJobs", actions = ["sqs:SendMessage"], resources = [module.queue.arn] },
  ]
}

module "interactions_api" {
  source = "./modules/interactions_api"

  prefix             = local.prefix
  function_name      = module.interactions_function.name
  function_invoke    = module.interactions_function.invoke_arn
  throttling         = var.throttling
  manage_account     = var.manage_api_gateway_account
  log_retention_days = var.log_retention_days
  tracing            = var.tracing
}
