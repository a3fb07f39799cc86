# Network, GPU fleet, its scaling, and the alarms for people.

module "network" {
  source = "./modules/network"

  prefix         = local.prefix
  create_vpc     = var.network.create_vpc
  vpc_id         = var.network.vpc_id
  cidr_block     = var.network.cidr_block
  instance_types = var.fleet.instance_types
}

module "fleet" {
  source = "./modules/fleet"

  prefix                  = local.prefix
  subnet_ids              = module.network.subnet_ids
  security_group_id       = module.network.security_group_id
  instance_types          = var.fleet.instance_types
  ami                     = var.fleet.ami
  spot_percentage         = var.fleet.spot_percentage
  on_demand_base          = var.fleet.on_demand_base
  minimum_tasks           = var.fleet.minimum_tasks
  maximum_tasks           = var.fleet.maximum_tasks
  warm_pool_size          = var.fleet.warm_pool_size
  root_volume             = var.fleet.root_volume
  instance_warmup_seconds = var.fleet.instance_warmup_seconds
  container_insights      = var.fleet.container_insights
  image                   = var.worker_image
  environment             = local.worker_environment
  secrets                 = { for name, arn in { HF_TOKEN = var.worker.hub_token } : name => arn if arn != null }
  task_memory_mb          = var.fleet.task_memory_mb
  stop_timeout_seconds    = coalesce(var.worker.stop_timeout_seconds, 25)
  queue_arn               = module.queue.arn
  jobs_table_arn          = module.jobs_table.arn
  item_conditions         = module.jobs_table.item_conditions
  log_retention_days      = var.log_retention_days
}

module "scaling" {
  source = "./modules/scaling"

  prefix                  = local.prefix
  backlog_function_arn    = local.function_arns.backlog
  waiting_function_arn    = local.function_arns.waiting
  cluster_name            = module.fleet.cluster_name
  service_name            = module.fleet.service_name
  service_arn             = module.fleet.service_arn
  scalable_service        = module.fleet.scalable_service
  auto_scaling_group_name = module.fleet.auto_scaling_group_name
  auto_scaling_group_arn  = module.fleet.auto_scaling_group_arn
  minimum_tasks           = var.fleet.minimum_tasks
  maximum_tasks           = var.fleet.maximum_tasks
  scale_in_hold_seconds   = var.scaling.scale_in_hold_seconds
  metric_namespace        = local.prefix
  log_retention_days      = var.log_retention_days
  tracing                 = var.tracing
}

locals {
  # Tasks that are held for the next job are spare for up to two periods of their alarm, and their
  # instances some minutes longer.
  idle_instances_minutes = max(var.alarms.idle_instances_minutes, 2 * var.scaling.scale_in_hold_seconds / 60 + 12)
}

module "observability" {
  source = "./modules/observability"

  prefix                  = local.prefix
  alarm_email             = var.alarm_email
  monthly_budget_usd      = var.monthly_budget_usd
  oldest_job_seconds      = var.alarms.oldest_job_seconds
  no_capacity_minutes     = var.alarms.no_capacity_minutes
  idle_instances_minutes  = local.idle_instances_minutes
  instance_hours_per_day  = local.instance_hours.day
  minimum_tasks           = min(var.fleet.minimum_tasks, var.fleet.maximum_tasks)
  metric_namespace        = local.prefix
  api_name                = module.interactions_api.name
  requests_per_second     = var.throttling.rate_per_second
  function_names          = { for role, function in module.function : role => function.name }
  backlog_function_name   = module.function["backlog"].name
  auto_scaling_group_name = module.fleet.auto_scaling_group_name
  scaling_alarm_names     = module.scaling.alarm_names
  log_group_names         = values(local.log_group_names)
}
