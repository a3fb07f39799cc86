# The Lambda functions: environment and rights of each.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# The state names its account: with credentials of another one Terraform would find nothing there,
# forget every resource and plan the whole deployment anew.
resource "terraform_data" "account" {
  input = data.aws_caller_identity.current.account_id

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.output == data.aws_caller_identity.current.account_id
      error_message = "The deployment is in account ${self.output}, and the credentials are of account ${data.aws_caller_identity.current.account_id}. Use credentials of the former, or another environment or state."
    }
  }
}

locals {
  # A path inside the repository stays relative, so that a plan is the same on every machine.
  lambda_package = startswith(var.lambda_package, "/") ? var.lambda_package : "${path.root}/../${var.lambda_package}"

  # What a style leaves out is left to the program.
  styles = jsonencode({
    for name, style in var.styles : name => { for key, value in style : key => value if value != null }
  })

  # The environment of every function and of the worker.
  common_environment = {
    JOBS_TABLE = module.jobs_table.name
    LOG_LEVEL  = var.log_level
    # An error's text may quote a token: only one of a stand-in's, which opens nothing, may be logged.
    LOG_TRACEBACKS = var.target == "localstack" && startswith(var.discord_api_url, "http://") ? "yes" : "no"
  }

  # The environment of the functions that compute with the fleet's speed and size.
  fleet_environment = merge(local.common_environment, {
    SECONDS_PER_JOB       = local.scaling.seconds_per_job
    JOBS_AT_ONCE          = var.scaling.jobs_at_once
    TARGET_WAIT_SECONDS   = var.scaling.target_wait_seconds
    MINIMUM_TASKS         = min(var.fleet.minimum_tasks, var.fleet.maximum_tasks)
    MAXIMUM_TASKS         = var.fleet.maximum_tasks
    BOOT_INSTANCE_SECONDS = var.scaling.boot_instance_seconds
    BOOT_PULL_SECONDS     = var.scaling.boot_pull_seconds
    BOOT_LOAD_SECONDS     = var.scaling.boot_load_seconds
    DEFAULT_STEPS         = local.generation_defaults.steps
    DEFAULT_WIDTH         = local.generation_defaults.width
    DEFAULT_HEIGHT        = local.generation_defaults.height
    DEFAULT_IMAGES        = local.generation_defaults.images
    DEFAULT_GUIDANCE      = local.generation_defaults.guidance
    SCHEDULER             = local.worker.scheduler
  })

  function_environments = {
    for function, environment in {
      interactions = merge(local.fleet_environment, {
        QUEUE_URL              = module.queue.url
        DISCORD_PUBLIC_KEY     = var.discord_public_key
        REPLAY_WINDOW_SECONDS  = var.replay_window_seconds
        MODELS                 = local.worker_environment_models
        STYLES                 = length(var.styles) == 0 ? null : local.styles
        LORAS                  = local.worker_environment_loras
        MAX_PIXELS             = var.worker.max_pixels
        USER_UNITS_PER_DAY     = var.limits.user_units_per_day
        GUILD_UNITS_PER_DAY    = var.limits.guild_units_per_day
        UNITS_PER_DAY          = var.limits.units_per_day
        COOLDOWN_SECONDS       = var.limits.cooldown_seconds
        JOBS_IN_FLIGHT         = var.limits.jobs_in_flight
        AUDIT_DAYS             = var.audit_days
        WAKE_STATE_MACHINE_ARN = module.scaling.state_machine_arns.wake

        CONFIRM_STATE_MACHINE_ARN = module.scaling.state_machine_arns.confirm
      })
      backlog = merge(local.fleet_environment, {
        QUEUE_URL        = module.queue.url
        ECS_CLUSTER      = module.fleet.cluster_name
        ECS_SERVICE      = module.fleet.service_name
        METRIC_NAMESPACE = local.prefix

        AUTO_SCALING_GROUP       = module.fleet.auto_scaling_group_name
        JOIN_SECONDS             = var.safeguards.join_seconds
        FAILED_STARTS            = var.safeguards.failed_starts
        RETRY_PAUSE_SECONDS      = var.safeguards.retry_pause_seconds
        INSTANCE_HOURS_PER_DAY   = local.instance_hours.day
        INSTANCE_HOURS_PER_MONTH = local.instance_hours.month
      })
      waiting = merge(local.fleet_environment, {
        QUEUE_URL       = module.queue.url
        DISCORD_API_URL = var.discord_api_url
      })
      dead_letters = merge(local.common_environment, {
        DISCORD_API_URL  = var.discord_api_url
        METRIC_NAMESPACE = local.prefix
      })
    } : function => tomap({ for name, value in environment : name => tostring(value) if value != null })
  }

  # Known before the functions exist, so that the state machines need not wait for them.
  function_arns = {
    for name in keys(local.functions) : name => "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:function:${local.prefix}-${replace(name, "_", "-")}"
  }

  log_group_names = merge(
    { access_log = module.interactions_api.log_group_name, worker = module.fleet.log_group_name },
    { for name, function in module.function : name => function.log_group_name },
    module.scaling.log_group_names,
  )

  # CloudWatch has no resource for metrics; the namespace limits the right.
  publish_metrics = {
    sid       = "PublishMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]
    condition = { StringEquals = { "cloudwatch:namespace" = [local.prefix] } }
  }

  functions = {
    interactions = {
      description          = "Verifies Discord's interactions, queues jobs and answers."
      memory_mb            = var.interactions_function.memory_mb
      timeout_seconds      = var.interactions_function.timeout_seconds
      reserved_concurrency = var.interactions_function.reserved_concurrency
      policy_statements = [
        { sid = "QueueJobs", actions = ["sqs:GetQueueAttributes", "sqs:SendMessage"], resources = [module.queue.arn] },
        { sid = "ReadItems", actions = ["dynamodb:BatchGetItem", "dynamodb:GetItem"], resources = [module.jobs_table.arn] },
        { sid = "KeepJobs", actions = ["dynamodb:PutItem", "dynamodb:UpdateItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.requests },
        { sid = "LookAtJobs", actions = ["dynamodb:Query"], resources = [module.jobs_table.waiting_index_arn, module.jobs_table.history_index_arn] },
        { sid = "WakeFleetAndConfirmJobs", actions = ["states:StartExecution"], resources = [module.scaling.state_machine_arns.confirm, module.scaling.state_machine_arns.wake] },
      ]
    }
    backlog = {
      description          = "Looks at the queue and the service, and publishes what alarms act on."
      memory_mb            = 512
      timeout_seconds      = 10
      reserved_concurrency = -1
      policy_statements = [
        local.publish_metrics,
        { sid = "LookAtQueue", actions = ["sqs:GetQueueAttributes"], resources = [module.queue.arn] },
        # Stops the tasks of a fleet that may start none any more.
        { sid = "LookAtAndStopService", actions = ["ecs:DescribeServices", "ecs:UpdateService"], resources = [module.fleet.service_arn] },
        # Which instances there are, and why none started. Auto Scaling has no resource for it.
        { sid = "LookAtGroup", actions = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities"], resources = ["*"] },
        { sid = "LookAtInstances", actions = ["ecs:ListContainerInstances"], resources = [module.fleet.cluster_arn] },
        { sid = "DrainInstances", actions = ["ecs:DescribeContainerInstances", "ecs:ListTasks", "ecs:UpdateContainerInstancesState"], resources = [module.fleet.container_instances_arn] },
        { sid = "LookAtTasks", actions = ["ecs:DescribeTasks"], resources = [module.fleet.tasks_arn] },
        { sid = "ReleaseInstances", actions = ["autoscaling:CompleteLifecycleAction", "autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"], resources = [module.fleet.auto_scaling_group_arn] },
        { sid = "LookAtJobs", actions = ["dynamodb:Query"], resources = [module.jobs_table.waiting_index_arn] },
        { sid = "ReadWorkers", actions = ["dynamodb:GetItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.workers },
        { sid = "NoteFleet", actions = ["dynamodb:UpdateItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.fleet },
      ]
    }
    waiting = {
      description          = "Tells users how long they wait, and refuses what cannot be finished in time."
      memory_mb            = 512
      timeout_seconds      = 30
      reserved_concurrency = -1
      policy_statements = [
        { sid = "LookAtJobs", actions = ["dynamodb:Query"], resources = [module.jobs_table.waiting_index_arn] },
        { sid = "SendJobs", actions = ["sqs:SendMessage"], resources = [module.queue.arn] },
        { sid = "ReadFleet", actions = ["dynamodb:BatchGetItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.estimates },
        { sid = "ReadJobs", actions = ["dynamodb:GetItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.jobs },
        { sid = "EndJobs", actions = ["dynamodb:UpdateItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.jobs_and_ledger },
      ]
    }
    dead_letters = {
      description          = "Tells users that their job failed, and counts it."
      memory_mb            = 512
      timeout_seconds      = 30
      reserved_concurrency = -1
      policy_statements = [
        local.publish_metrics,
        { sid = "TakeDeadLetters", actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], resources = [module.queue.dead_letter_arn] },
        { sid = "ReadJobs", actions = ["dynamodb:GetItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.jobs },
        { sid = "EndJobs", actions = ["dynamodb:UpdateItem"], resources = [module.jobs_table.arn], condition = module.jobs_table.item_conditions.jobs_and_ledger },
      ]
    }
  }
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name                 = "${local.prefix}-${replace(each.key, "_", "-")}"
  description          = each.value.description
  handler              = "discord_diffusion.functions.${each.key}.handler.handler"
  package              = local.lambda_package
  architecture         = var.lambda_architecture
  hot_reload_folder    = var.hot_reload_folder
  memory_mb            = each.value.memory_mb
  timeout_seconds      = each.value.timeout_seconds
  reserved_concurrency = each.value.reserved_concurrency
  environment          = local.function_environments[each.key]
  policy_statements    = each.value.policy_statements
  log_retention_days   = var.log_retention_days
  tracing              = var.tracing
}

# A failed message must not hold up the others of its batch: the function returns which ones failed.
resource "aws_lambda_event_source_mapping" "dead_letters" {
  event_source_arn        = module.queue.dead_letter_arn
  function_name           = module.function["dead_letters"].name
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  tags = { Name = "${local.prefix}-dead-letters" }

  depends_on = [module.queue]
}
