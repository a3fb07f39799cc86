# The whole module, applied to a mocked AWS: the environment of each function and of the worker, and
# the outputs that tools read, compared with literals. The tests in Python read the states made here too.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  target                 = "aws"
  environment            = "test"
  discord_public_key     = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
  discord_application_id = "123456789012345678"
  lambda_package         = "infra/tests/fixtures/package.txt"
}

run "the_defaults_deploy_to_aws" {
  assert {
    condition = { for name, function in module.function : name => function.environment } == {
      interactions = tomap({
        JOBS_TABLE             = "discord-diffusion-test-jobs"
        LOG_LEVEL              = "INFO"
        LOG_TRACEBACKS         = "no"
        SECONDS_PER_JOB        = "2"
        JOBS_AT_ONCE           = "1"
        TARGET_WAIT_SECONDS    = "60"
        MINIMUM_TASKS          = "0"
        MAXIMUM_TASKS          = "4"
        BOOT_INSTANCE_SECONDS  = "120"
        BOOT_PULL_SECONDS      = "150"
        BOOT_LOAD_SECONDS      = "45"
        QUEUE_URL              = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-test-jobs.fifo"
        DISCORD_PUBLIC_KEY     = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
        REPLAY_WINDOW_SECONDS  = "300"
        DEFAULT_STEPS          = "4"
        SCHEDULER              = "LCMScheduler"
        DEFAULT_GUIDANCE       = "1"
        DEFAULT_WIDTH          = "512"
        DEFAULT_HEIGHT         = "512"
        DEFAULT_IMAGES         = "4"
        USER_UNITS_PER_DAY     = "100"
        GUILD_UNITS_PER_DAY    = "1000"
        UNITS_PER_DAY          = "3000"
        COOLDOWN_SECONDS       = "1"
        JOBS_IN_FLIGHT         = "5"
        AUDIT_DAYS             = "30"
        WAKE_STATE_MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:discord-diffusion-test-wake"

        CONFIRM_STATE_MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:discord-diffusion-test-confirm"
      })
      backlog = tomap({
        JOBS_TABLE               = "discord-diffusion-test-jobs"
        LOG_LEVEL                = "INFO"
        LOG_TRACEBACKS           = "no"
        SECONDS_PER_JOB          = "2"
        JOBS_AT_ONCE             = "1"
        TARGET_WAIT_SECONDS      = "60"
        MINIMUM_TASKS            = "0"
        MAXIMUM_TASKS            = "4"
        BOOT_INSTANCE_SECONDS    = "120"
        BOOT_PULL_SECONDS        = "150"
        BOOT_LOAD_SECONDS        = "45"
        DEFAULT_STEPS            = "4"
        SCHEDULER                = "LCMScheduler"
        DEFAULT_WIDTH            = "512"
        DEFAULT_HEIGHT           = "512"
        DEFAULT_IMAGES           = "4"
        DEFAULT_GUIDANCE         = "1"
        QUEUE_URL                = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-test-jobs.fifo"
        ECS_CLUSTER              = "discord-diffusion-test"
        ECS_SERVICE              = "discord-diffusion-test-worker"
        AUTO_SCALING_GROUP       = "discord-diffusion-test-worker"
        JOIN_SECONDS             = "600"
        FAILED_STARTS            = "5"
        RETRY_PAUSE_SECONDS      = "600"
        INSTANCE_HOURS_PER_DAY   = "24"
        INSTANCE_HOURS_PER_MONTH = "300"
        METRIC_NAMESPACE         = "discord-diffusion-test"
      })
      waiting = tomap({
        QUEUE_URL             = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-test-jobs.fifo"
        JOBS_TABLE            = "discord-diffusion-test-jobs"
        LOG_LEVEL             = "INFO"
        LOG_TRACEBACKS        = "no"
        SECONDS_PER_JOB       = "2"
        JOBS_AT_ONCE          = "1"
        TARGET_WAIT_SECONDS   = "60"
        MINIMUM_TASKS         = "0"
        MAXIMUM_TASKS         = "4"
        BOOT_INSTANCE_SECONDS = "120"
        BOOT_PULL_SECONDS     = "150"
        BOOT_LOAD_SECONDS     = "45"
        DEFAULT_STEPS         = "4"
        SCHEDULER             = "LCMScheduler"
        DEFAULT_WIDTH         = "512"
        DEFAULT_HEIGHT        = "512"
        DEFAULT_IMAGES        = "4"
        DEFAULT_GUIDANCE      = "1"
        DISCORD_API_URL       = "https://discord.com/api/v10"
      })
      dead_letters = tomap({
        JOBS_TABLE       = "discord-diffusion-test-jobs"
        LOG_LEVEL        = "INFO"
        LOG_TRACEBACKS   = "no"
        DISCORD_API_URL  = "https://discord.com/api/v10"
        METRIC_NAMESPACE = "discord-diffusion-test"
      })
    }
    error_message = "The functions' environments: ${jsonencode({ for name, function in module.function : name => function.environment })}"
  }

  assert {
    condition = output.worker_environment == tomap({
      QUEUE_URL                  = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-test-jobs.fifo"
      JOBS_TABLE                 = "discord-diffusion-test-jobs"
      METRIC_NAMESPACE           = "discord-diffusion-test"
      LOG_LEVEL                  = "INFO"
      LOG_TRACEBACKS             = "no"
      DISCORD_API_URL            = "https://discord.com/api/v10"
      VISIBILITY_TIMEOUT_SECONDS = "60"
      MAX_RECEIVE_COUNT          = "3"
      DEFAULT_STEPS              = "4"
      DEFAULT_GUIDANCE           = "1"
      DEFAULT_WIDTH              = "512"
      DEFAULT_HEIGHT             = "512"
      MODEL                      = "stable-diffusion-v1-5/stable-diffusion-v1-5"
      MODEL_LORA                 = "latent-consistency/lcm-lora-sdv1-5"
      SCHEDULER                  = "LCMScheduler"
      SAFETY_CHECKER             = "stable-diffusion-v1-5/stable-diffusion-v1-5"
      PICTURE_FORMAT             = "webp"
      HEALTH_FILE                = "/tmp/worker.health"
    })
    error_message = "The worker's environment: ${jsonencode(output.worker_environment)}"
  }

  assert {
    condition     = output.discord_interactions_endpoint_url == "https://api1234567.execute-api.us-east-1.amazonaws.com/v1/interactions"
    error_message = "The endpoint: ${output.discord_interactions_endpoint_url}"
  }

  assert {
    condition     = output.queue_arn == "arn:aws:sqs:us-east-1:123456789012:discord-diffusion-test-jobs.fifo"
    error_message = "The queue: ${output.queue_arn}"
  }

  assert {
    condition     = output.dead_letter_queue_url == "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-test-jobs-dead-letters.fifo"
    error_message = "The dead-letter queue: ${output.dead_letter_queue_url}"
  }

  assert {
    condition     = output.interactions_function_name == "discord-diffusion-test-interactions"
    error_message = "The function: ${output.interactions_function_name}"
  }

  assert {
    condition = [
      output.ecs_cluster_name, output.ecs_service_name, output.auto_scaling_group_name, output.jobs_table_name, output.dashboard_name,
    ] == ["discord-diffusion-test", "discord-diffusion-test-worker", "discord-diffusion-test-worker", "discord-diffusion-test-jobs", "discord-diffusion-test"]
    error_message = "The names: ${output.ecs_cluster_name}, ${output.ecs_service_name}, ${output.auto_scaling_group_name}, ${output.jobs_table_name}, ${output.dashboard_name}"
  }

  assert {
    condition = output.log_group_names == {
      access_log   = "/aws/apigateway/discord-diffusion-test-interactions"
      interactions = "/aws/lambda/discord-diffusion-test-interactions"
      backlog      = "/aws/lambda/discord-diffusion-test-backlog"
      waiting      = "/aws/lambda/discord-diffusion-test-waiting"
      dead_letters = "/aws/lambda/discord-diffusion-test-dead-letters"
      scaling      = "/aws/vendedlogs/states/discord-diffusion-test-scaling"
      wake         = "/aws/vendedlogs/states/discord-diffusion-test-wake"
      confirm      = "/aws/vendedlogs/states/discord-diffusion-test-confirm"
      worker       = "/ecs/discord-diffusion-test-worker"
    }
    error_message = "The log groups: ${jsonencode(output.log_group_names)}"
  }

  assert {
    condition = output.state_machine_arns == {
      scaling = "arn:aws:states:us-east-1:123456789012:stateMachine:discord-diffusion-test-scaling"
      wake    = "arn:aws:states:us-east-1:123456789012:stateMachine:discord-diffusion-test-wake"
      confirm = "arn:aws:states:us-east-1:123456789012:stateMachine:discord-diffusion-test-confirm"
    }
    error_message = "The state machines: ${jsonencode(output.state_machine_arns)}"
  }

  assert {
    condition     = output.alarm_names.fleet == ["discord-diffusion-test-task-shortfall", "discord-diffusion-test-task-surplus"] && length(output.alarm_names.people) == 17
    error_message = "The alarms: ${jsonencode(output.alarm_names)}"
  }

  assert {
    condition     = local.priced_quality == "fast"
    error_message = "The costs are not those of the default quality"
  }

  assert {
    condition     = local.idle_instances_minutes == 30
    error_message = "The alarm idle-instances: ${local.idle_instances_minutes}"
  }
}

run "every_setting_reaches_the_worker_and_the_function" {
  variables {
    target                     = "localstack"
    environment                = "full"
    discord_api_url            = "http://127.0.0.1:8700/api/v10"
    emulator_endpoint          = "http://127.0.0.1:4567"
    visibility_timeout_seconds = 30
    max_receive_count          = 5
    replay_window_seconds      = 0
    log_level                  = "DEBUG"
    tracing                    = true
    manage_api_gateway_account = true

    interactions_function = { reserved_concurrency = 50 }

    generation_defaults = { steps = 12, guidance = 3.0, width = 64, height = 128, images = 2 }

    styles = { ink = { prompt = "{prompt}, ink", steps = 4 } }

    worker = {
      model                = "/models/tiny"
      model_revision       = "main"
      model_variant        = "fp16"
      model_vae            = "/models/vae"
      model_lora           = "/loras/four-steps.safetensors"
      hub_token            = "arn:aws:ssm:us-east-1:123456789012:parameter/hugging-face-token"
      model_notice         = "It draws one thing."
      models               = { turbo = { model = "/models/turbo", relative_cost = 2.5, steps = 4 } }
      loras                = { ink = { lora = "/loras/ink.safetensors", trigger = "in ink", weight = 0.8 } }
      embeddings           = { moody = { embedding = "/embeddings/moody.safetensors" } }
      safety_checker       = "/models/checked"
      scheduler            = "DDIMScheduler"
      max_pixels           = 262144
      device               = "cuda:1"
      precision            = "fp16"
      max_batch            = 8
      compile              = "regional"
      compile_cache        = "/cache/compiled"
      torch_threads        = 2
      receive_wait_seconds = 0
      picture_scale        = 4
      picture_format       = "png"
      health_file          = "/run/health"
      stop_timeout_seconds = 90
      discord_cdn_hosts    = ["cdn.example.com", "media.example.com:8443"]
      otlp_endpoint        = "http://collector:4318"
    }

    network                = { create_vpc = true }
    worker_image           = "v2"
    point_in_time_recovery = true
    alarm_email            = "me@example.com"
    limits                 = { user_units_per_day = 50, guild_units_per_day = 500, units_per_day = 2000, cooldown_seconds = 5, jobs_in_flight = 3 }
    audit_days             = 7
    monthly_budget_usd     = 20
    alarms                 = { oldest_job_seconds = 300, no_capacity_minutes = 5 }

    fleet = {
      instance_types  = ["g5.xlarge", "g6.xlarge"]
      spot_percentage = 50
      minimum_tasks   = 1
      maximum_tasks   = 25
    }

    scaling = {
      seconds_per_job       = 2.5
      jobs_at_once          = 4
      target_wait_seconds   = 30
      scale_in_hold_seconds = 900
      boot_instance_seconds = 90
      boot_pull_seconds     = 60
      boot_load_seconds     = 20
    }
  }

  assert {
    condition = { for name, function in module.function : name => function.environment } == {
      interactions = tomap({
        JOBS_TABLE             = "discord-diffusion-full-jobs"
        LOG_LEVEL              = "DEBUG"
        LOG_TRACEBACKS         = "yes"
        SECONDS_PER_JOB        = "2.5"
        JOBS_AT_ONCE           = "4"
        TARGET_WAIT_SECONDS    = "30"
        MINIMUM_TASKS          = "1"
        MAXIMUM_TASKS          = "25"
        BOOT_INSTANCE_SECONDS  = "90"
        BOOT_PULL_SECONDS      = "60"
        BOOT_LOAD_SECONDS      = "20"
        QUEUE_URL              = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-full-jobs.fifo"
        DISCORD_PUBLIC_KEY     = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
        REPLAY_WINDOW_SECONDS  = "0"
        DEFAULT_STEPS          = "12"
        DEFAULT_GUIDANCE       = "3"
        DEFAULT_WIDTH          = "64"
        DEFAULT_HEIGHT         = "128"
        DEFAULT_IMAGES         = "2"
        MODELS                 = jsonencode({ turbo = { model = "/models/turbo", relative_cost = 2.5, steps = 4 } })
        LORAS                  = jsonencode({ ink = { lora = "/loras/ink.safetensors", trigger = "in ink", weight = 0.8 } })
        STYLES                 = jsonencode({ ink = { prompt = "{prompt}, ink", steps = 4 } })
        SCHEDULER              = "DDIMScheduler"
        MAX_PIXELS             = "262144"
        USER_UNITS_PER_DAY     = "50"
        GUILD_UNITS_PER_DAY    = "500"
        UNITS_PER_DAY          = "2000"
        COOLDOWN_SECONDS       = "5"
        JOBS_IN_FLIGHT         = "3"
        AUDIT_DAYS             = "7"
        WAKE_STATE_MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:discord-diffusion-full-wake"

        CONFIRM_STATE_MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:discord-diffusion-full-confirm"
      })
      backlog = tomap({
        JOBS_TABLE               = "discord-diffusion-full-jobs"
        LOG_LEVEL                = "DEBUG"
        LOG_TRACEBACKS           = "yes"
        SECONDS_PER_JOB          = "2.5"
        JOBS_AT_ONCE             = "4"
        TARGET_WAIT_SECONDS      = "30"
        MINIMUM_TASKS            = "1"
        MAXIMUM_TASKS            = "25"
        BOOT_INSTANCE_SECONDS    = "90"
        BOOT_PULL_SECONDS        = "60"
        BOOT_LOAD_SECONDS        = "20"
        DEFAULT_STEPS            = "12"
        DEFAULT_WIDTH            = "64"
        DEFAULT_HEIGHT           = "128"
        DEFAULT_IMAGES           = "2"
        DEFAULT_GUIDANCE         = "3"
        SCHEDULER                = "DDIMScheduler"
        QUEUE_URL                = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-full-jobs.fifo"
        ECS_CLUSTER              = "discord-diffusion-full"
        ECS_SERVICE              = "discord-diffusion-full-worker"
        AUTO_SCALING_GROUP       = "discord-diffusion-full-worker"
        JOIN_SECONDS             = "600"
        FAILED_STARTS            = "5"
        RETRY_PAUSE_SECONDS      = "600"
        INSTANCE_HOURS_PER_DAY   = "48"
        INSTANCE_HOURS_PER_MONTH = "1044"
        METRIC_NAMESPACE         = "discord-diffusion-full"
      })
      waiting = tomap({
        QUEUE_URL             = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-full-jobs.fifo"
        JOBS_TABLE            = "discord-diffusion-full-jobs"
        LOG_LEVEL             = "DEBUG"
        LOG_TRACEBACKS        = "yes"
        SECONDS_PER_JOB       = "2.5"
        JOBS_AT_ONCE          = "4"
        TARGET_WAIT_SECONDS   = "30"
        MINIMUM_TASKS         = "1"
        MAXIMUM_TASKS         = "25"
        BOOT_INSTANCE_SECONDS = "90"
        BOOT_PULL_SECONDS     = "60"
        BOOT_LOAD_SECONDS     = "20"
        DEFAULT_STEPS         = "12"
        DEFAULT_WIDTH         = "64"
        DEFAULT_HEIGHT        = "128"
        DEFAULT_IMAGES        = "2"
        DEFAULT_GUIDANCE      = "3"
        SCHEDULER             = "DDIMScheduler"
        DISCORD_API_URL       = "http://127.0.0.1:8700/api/v10"
      })
      dead_letters = tomap({
        JOBS_TABLE       = "discord-diffusion-full-jobs"
        LOG_LEVEL        = "DEBUG"
        LOG_TRACEBACKS   = "yes"
        DISCORD_API_URL  = "http://127.0.0.1:8700/api/v10"
        METRIC_NAMESPACE = "discord-diffusion-full"
      })
    }
    error_message = "The functions' environments: ${jsonencode({ for name, function in module.function : name => function.environment })}"
  }

  assert {
    condition = output.worker_environment == tomap({
      QUEUE_URL                   = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-full-jobs.fifo"
      JOBS_TABLE                  = "discord-diffusion-full-jobs"
      METRIC_NAMESPACE            = "discord-diffusion-full"
      LOG_LEVEL                   = "DEBUG"
      LOG_TRACEBACKS              = "yes"
      DISCORD_API_URL             = "http://127.0.0.1:8700/api/v10"
      VISIBILITY_TIMEOUT_SECONDS  = "30"
      MAX_RECEIVE_COUNT           = "5"
      DEFAULT_STEPS               = "12"
      DEFAULT_GUIDANCE            = "3"
      DEFAULT_WIDTH               = "64"
      DEFAULT_HEIGHT              = "128"
      MODEL                       = "/models/tiny"
      MODEL_REVISION              = "main"
      MODEL_VARIANT               = "fp16"
      MODEL_VAE                   = "/models/vae"
      MODEL_LORA                  = "/loras/four-steps.safetensors"
      MODEL_NOTICE                = "It draws one thing."
      MODELS                      = jsonencode({ turbo = { model = "/models/turbo", relative_cost = 2.5, steps = 4 } })
      LORAS                       = jsonencode({ ink = { lora = "/loras/ink.safetensors", trigger = "in ink", weight = 0.8 } })
      EMBEDDINGS                  = jsonencode({ moody = { embedding = "/embeddings/moody.safetensors" } })
      SAFETY_CHECKER              = "/models/checked"
      SCHEDULER                   = "DDIMScheduler"
      MAX_PIXELS                  = "262144"
      DEVICE                      = "cuda:1"
      PRECISION                   = "fp16"
      TORCH_THREADS               = "2"
      MAX_BATCH                   = "8"
      COMPILE                     = "regional"
      COMPILE_CACHE               = "/cache/compiled"
      RECEIVE_WAIT_SECONDS        = "0"
      PICTURE_SCALE               = "4"
      PICTURE_FORMAT              = "png"
      HEALTH_FILE                 = "/run/health"
      STOP_TIMEOUT_SECONDS        = "90"
      DISCORD_CDN_HOSTS           = "cdn.example.com,media.example.com:8443"
      OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector:4318"
    })
    error_message = "The worker's environment: ${jsonencode(output.worker_environment)}"
  }

  assert {
    condition     = !strcontains(jsonencode(output.worker_environment), "hugging-face-token")
    error_message = "The token of the hub is no plain variable: ${jsonencode(output.worker_environment)}"
  }

  assert {
    condition     = local.idle_instances_minutes == 2 * 15 + 12
    error_message = "Tasks that are held for 15 minutes would raise the alarm idle-instances: ${local.idle_instances_minutes}"
  }
}

run "the_rigs_variables_suffice_for_the_emulator" {
  variables {
    target            = "localstack"
    environment       = "local"
    emulator_endpoint = "http://127.0.0.1:4567"
    discord_api_url   = "http://127.0.0.1:8700/api/v10"
    hot_reload_folder = "/srv/code"
    worker            = { models = { xl = { model = "org/xl" }, turbo = { model = "org/turbo", steps = 2, guidance = 0 } } }
  }

  assert {
    condition = jsondecode(local.worker_environment_models) == {
      xl    = { model = "org/xl", steps = 25, guidance = 7.5 }
      turbo = { model = "org/turbo", steps = 2, guidance = 0 }
    }
    error_message = "Models without the default one's LoRA: ${local.worker_environment_models}"
  }

  assert {
    condition     = output.discord_interactions_endpoint_url == "http://127.0.0.1:4567/_aws/execute-api/api1234567/v1/interactions"
    error_message = "The endpoint: ${output.discord_interactions_endpoint_url}"
  }
}

run "tokens_of_a_real_discord_stay_out_of_the_emulators_log" {
  command = plan

  variables {
    target            = "localstack"
    environment       = "local"
    emulator_endpoint = "http://127.0.0.1:4567"
    discord_api_url   = "https://discord.com/api/v10"
    quality           = "best"

    generation_defaults = { images = 1 }
  }

  assert {
    condition     = local.priced_quality == null
    error_message = "Costs are shown that are not those of one picture in a job"
  }

  assert {
    condition     = [local.worker.model, local.worker.model_lora, local.worker.scheduler, local.generation_defaults.steps, local.generation_defaults.guidance, local.scaling.seconds_per_job] == ["stable-diffusion-v1-5/stable-diffusion-v1-5", null, null, 25, 7.5, 10]
    error_message = "The best quality: ${jsonencode([local.worker, local.generation_defaults, local.scaling])}"
  }

  assert {
    condition     = local.common_environment.LOG_TRACEBACKS == "no"
    error_message = "Tracebacks are logged, which may quote tokens of a real Discord"
  }
}

run "the_longest_names_fit_awss_limits" {
  variables {
    project     = "a-project-of-20-ltrs"
    environment = "env-of-12-ls"
    worker      = { model = "org/own" }
  }

  assert {
    condition     = [local.worker.model, local.worker.model_lora, local.worker.scheduler, local.generation_defaults.steps, local.generation_defaults.guidance, local.scaling.seconds_per_job] == ["org/own", null, null, 25, 7.5, 10]
    error_message = "A model of one's own has nothing of the default model's: ${jsonencode([local.worker, local.generation_defaults, local.scaling])}"
  }
}

run "another_accounts_credentials_are_refused" {
  command = plan

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "210987654321" }
  }

  expect_failures = [terraform_data.account]
}
