# The whole module, applied to a mocked AWS: what each function and worker is told, and what the
# tools read, compared with literals. The tests in Python read the states made here too.

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
    condition = module.interactions_function.environment == tomap({
      QUEUE_URL             = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-test-jobs.fifo"
      LOG_LEVEL             = "INFO"
      DISCORD_PUBLIC_KEY    = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
      REPLAY_WINDOW_SECONDS = "300"
      DEFAULT_STEPS         = "25"
      DEFAULT_GUIDANCE      = "7.5"
      DEFAULT_WIDTH         = "512"
      DEFAULT_HEIGHT        = "512"
      DEFAULT_IMAGES        = "4"
    })
    error_message = "The function's environment: ${jsonencode(module.interactions_function.environment)}"
  }

  assert {
    condition = output.worker_environment == tomap({
      QUEUE_URL                  = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-test-jobs.fifo"
      LOG_LEVEL                  = "INFO"
      DISCORD_API_URL            = "https://discord.com/api/v10"
      VISIBILITY_TIMEOUT_SECONDS = "60"
      MAX_RECEIVE_COUNT          = "3"
      MODEL                      = "stable-diffusion-v1-5/stable-diffusion-v1-5"
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

    generation_defaults = { steps = 12, guidance = 3.0, width = 64, height = 128, images = 2 }

    worker = {
      model                = "/models/tiny"
      model_revision       = "main"
      model_variant        = "fp16"
      model_notice         = "It draws one thing."
      scheduler            = "DDIMScheduler"
      device               = "cuda:1"
      torch_threads        = 2
      receive_wait_seconds = 0
      picture_scale        = 4
      health_file          = "/run/health"
      stop_timeout_seconds = 90
    }
  }

  assert {
    condition = module.interactions_function.environment == tomap({
      QUEUE_URL             = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-full-jobs.fifo"
      LOG_LEVEL             = "DEBUG"
      DISCORD_PUBLIC_KEY    = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
      REPLAY_WINDOW_SECONDS = "0"
      DEFAULT_STEPS         = "12"
      DEFAULT_GUIDANCE      = "3"
      DEFAULT_WIDTH         = "64"
      DEFAULT_HEIGHT        = "128"
      DEFAULT_IMAGES        = "2"
    })
    error_message = "The function's environment: ${jsonencode(module.interactions_function.environment)}"
  }

  assert {
    condition = output.worker_environment == tomap({
      QUEUE_URL                  = "https://sqs.us-east-1.amazonaws.com/123456789012/discord-diffusion-full-jobs.fifo"
      LOG_LEVEL                  = "DEBUG"
      DISCORD_API_URL            = "http://127.0.0.1:8700/api/v10"
      VISIBILITY_TIMEOUT_SECONDS = "30"
      MAX_RECEIVE_COUNT          = "5"
      MODEL                      = "/models/tiny"
      MODEL_REVISION             = "main"
      MODEL_VARIANT              = "fp16"
      MODEL_NOTICE               = "It draws one thing."
      SCHEDULER                  = "DDIMScheduler"
      DEVICE                     = "cuda:1"
      TORCH_THREADS              = "2"
      RECEIVE_WAIT_SECONDS       = "0"
      PICTURE_SCALE              = "4"
      HEALTH_FILE                = "/run/health"
      STOP_TIMEOUT_SECONDS       = "90"
    })
    error_message = "The worker's environment: ${jsonencode(output.worker_environment)}"
  }
}

run "the_emulator_needs_no_more_than_the_rig_says" {
  variables {
    target            = "localstack"
    environment       = "local"
    emulator_endpoint = "http://127.0.0.1:4567"
    discord_api_url   = "http://127.0.0.1:8700/api/v10"
    hot_reload_folder = "/srv/code"
  }

  assert {
    condition     = output.discord_interactions_endpoint_url == "http://127.0.0.1:4567/_aws/execute-api/api1234567/v1/interactions"
    error_message = "The endpoint: ${output.discord_interactions_endpoint_url}"
  }
}

run "an_account_that_has_its_role_keeps_it" {
  command = plan

  variables {
    manage_api_gateway_account = false
  }

  assert {
    condition     = output.interactions_function_name == "discord-diffusion-test-interactions"
    error_message = "The function: ${output.interactions_function_name}"
  }
}
