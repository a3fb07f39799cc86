# Each validation of the root module's variables refuses what it should; the messages are read by
# people, and by the tests in Python.

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

run "unknown_targets_and_regions_are_refused" {
  command = plan

  variables {
    target            = "gcp"
    region            = "Frankfurt"
    emulator_endpoint = "http://127.0.0.1:4566/"
  }

  expect_failures = [var.target, var.region, var.emulator_endpoint]
}

run "invalid_names_are_refused" {
  command = plan

  variables {
    project     = "DiscordBot"
    environment = "dev-"
  }

  expect_failures = [var.project, var.environment]
}

run "names_that_are_too_long_are_refused" {
  command = plan

  variables {
    project     = "a-project-of-21-lettrs"
    environment = "pre-productio"
  }

  expect_failures = [var.project, var.environment]
}

run "incomplete_copies_from_the_developer_portal_are_refused" {
  command = plan

  variables {
    discord_public_key     = "00112233"
    discord_application_id = "my-bot"
    discord_api_url        = "https://discord.com/api/v10/"
  }

  expect_failures = [
    var.discord_public_key,
    var.discord_application_id,
    var.discord_api_url,
  ]
}

run "a_key_that_is_not_hexadecimal_and_an_address_without_tls_are_refused" {
  command = plan

  variables {
    discord_public_key = "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    discord_api_url    = "http://discord.com/api/v10"
  }

  expect_failures = [var.discord_public_key, var.discord_api_url]
}

run "a_missing_package_and_an_unknown_processor_are_refused" {
  command = plan

  variables {
    lambda_package      = "build/nothing.zip"
    lambda_architecture = "riscv"
  }

  expect_failures = [var.lambda_package, var.lambda_architecture]
}

run "hot_reload_at_aws_is_refused" {
  command = plan

  variables {
    hot_reload_folder = "/srv/code"
  }

  expect_failures = [var.hot_reload_folder]
}

run "hot_reload_of_a_relative_folder_is_refused" {
  command = plan

  variables {
    target            = "localstack"
    hot_reload_folder = "src"
  }

  expect_failures = [var.hot_reload_folder]
}

run "a_function_too_small_is_refused" {
  command = plan

  variables {
    interactions_function = { memory_mb = 64 }
  }

  expect_failures = [var.interactions_function]
}

run "a_function_that_outlasts_api_gateway_is_refused" {
  command = plan

  variables {
    interactions_function = { timeout_seconds = 30 }
  }

  expect_failures = [var.interactions_function]
}

run "a_function_with_a_concurrency_of_0_is_refused" {
  command = plan

  variables {
    interactions_function = { reserved_concurrency = 0 }
  }

  expect_failures = [var.interactions_function]
}

run "values_below_their_minimum_are_refused" {
  command = plan

  variables {
    replay_window_seconds         = -1
    generation_defaults           = { steps = 0 }
    throttling                    = { rate_per_second = 0 }
    visibility_timeout_seconds    = 2
    max_receive_count             = 0
    message_retention_seconds     = 899
    dead_letter_retention_seconds = 60
    worker                        = { picture_scale = 0 }
  }

  expect_failures = [
    var.replay_window_seconds,
    var.generation_defaults,
    var.throttling,
    var.visibility_timeout_seconds,
    var.max_receive_count,
    var.message_retention_seconds,
    var.dead_letter_retention_seconds,
    var.worker,
  ]
}

run "values_above_their_maximum_are_refused" {
  command = plan

  variables {
    replay_window_seconds         = 86401
    generation_defaults           = { guidance = 30.5 }
    throttling                    = { burst = 5001 }
    visibility_timeout_seconds    = 901
    max_receive_count             = 101
    message_retention_seconds     = 1209601
    dead_letter_retention_seconds = 1209601
    worker                        = { receive_wait_seconds = 21 }
  }

  expect_failures = [
    var.replay_window_seconds,
    var.generation_defaults,
    var.throttling,
    var.visibility_timeout_seconds,
    var.max_receive_count,
    var.message_retention_seconds,
    var.dead_letter_retention_seconds,
    var.worker,
  ]
}

run "unknown_words_are_refused" {
  command = plan

  variables {
    worker              = { device = "gpu" }
    log_level           = "VERBOSE"
    log_retention_days  = 10
    generation_defaults = { images = 5 }
  }

  expect_failures = [
    var.worker,
    var.log_level,
    var.log_retention_days,
    var.generation_defaults,
  ]
}

run "a_width_that_is_no_multiple_of_8_and_a_worker_without_a_model_are_refused" {
  command = plan

  variables {
    generation_defaults = { width = 500 }
    worker              = { model = " " }
  }

  expect_failures = [var.generation_defaults, var.worker]
}

run "a_height_below_the_minimum_and_a_negative_thread_count_are_refused" {
  command = plan

  variables {
    generation_defaults = { height = 56 }
    worker              = { torch_threads = -1 }
  }

  expect_failures = [var.generation_defaults, var.worker]
}

run "half_a_second_to_stop_is_refused" {
  command = plan

  variables {
    worker = { stop_timeout_seconds = 0.5 }
  }

  expect_failures = [var.worker]
}

run "invalid_values_are_refused_part_1" {
  command = plan

  variables {
    # a VPC's name instead of its id
    network = { vpc_id = "main" }

    # no instance type
    fleet = { instance_types = [] }

    # a job of 0 seconds
    scaling = { seconds_per_job = 0 }

    # an alarm after the token's end
    alarms = { oldest_job_seconds = 901 }

    # an image's name with a space
    worker_image = "my worker"

    # an e-mail address without a domain
    alarm_email = "me"

    # a budget of 0
    monthly_budget_usd = 0

    # a model's name that is invalid in a job
    worker = { models = { "My Model" = { model = "x" } } }
  }

  expect_failures = [var.network, var.fleet, var.scaling, var.alarms, var.worker_image, var.alarm_email, var.monthly_budget_usd, var.worker]
}

run "invalid_values_are_refused_part_2" {
  command = plan

  variables {
    # an existing VPC and a new one
    network = { vpc_id = "vpc-0123456789abcdef0", create_vpc = true }

    # a type with several GPUs
    fleet = { instance_types = ["g4dn.12xlarge"] }

    # 0 jobs at once
    scaling = { jobs_at_once = 0 }

    # an alarm after 0 minutes
    alarms = { no_capacity_minutes = 0 }

    # an unknown precision
    worker = { precision = "fp8" }
  }

  expect_failures = [var.network, var.fleet, var.scaling, var.alarms, var.worker]
}

run "invalid_values_are_refused_part_3" {
  command = plan

  variables {
    # an address block too small for subnets
    network = { cidr_block = "10.0.0.0/26" }

    # an invalid AMI
    fleet = { ami = "ubuntu" }

    # a target wait beyond the token's end
    scaling = { target_wait_seconds = 901 }

    # an unknown way to compile
    worker = { compile = "yes" }
  }

  expect_failures = [var.network, var.fleet, var.scaling, var.worker]
}

run "invalid_values_are_refused_part_4" {
  command = plan

  variables {
    # more than 100 % Spot
    fleet = { spot_percentage = 101 }

    # a holding time that is no alarm period
    scaling = { scale_in_hold_seconds = 90 }

    # a batch of 0
    worker = { max_batch = 0 }
  }

  expect_failures = [var.fleet, var.scaling, var.worker]
}

run "invalid_values_are_refused_part_5" {
  command = plan

  variables {
    # a negative on-demand base
    fleet = { on_demand_base = -1 }

    # a boot of more than an hour
    scaling = { boot_pull_seconds = 3601 }

    # fewer pixels than the smallest picture
    worker = { max_pixels = 100 }
  }

  expect_failures = [var.fleet, var.scaling, var.worker]
}

run "a_fleet_of_more_than_200_tasks_and_a_collector_without_an_address_are_refused" {
  command = plan

  variables {
    # a fleet of more than 200 tasks
    fleet = { maximum_tasks = 201 }

    # a collector without an address
    worker = { otlp_endpoint = "collector:4318" }
  }

  expect_failures = [var.fleet, var.worker]
}

run "a_minimum_above_the_maximum_and_a_host_with_a_path_are_refused" {
  command = plan

  variables {
    # a minimum above the maximum
    fleet = { minimum_tasks = 5 }

    # a host with a path
    worker = { discord_cdn_hosts = ["https://cdn.example.com/"] }
  }

  expect_failures = [var.fleet, var.worker]
}

run "a_task_without_memory_is_refused" {
  command = plan

  variables {
    # no memory
    fleet = { task_memory_mb = 512 }
  }

  expect_failures = [var.fleet]
}

run "a_root_volume_smaller_than_its_image_is_refused" {
  command = plan

  variables {
    # a root volume smaller than its image
    fleet = { root_volume = { size_gb = 20 } }
  }

  expect_failures = [var.fleet]
}

run "a_throughput_above_a_quarter_of_the_iops_is_refused" {
  command = plan

  variables {
    # more throughput than the IOPS allow
    fleet = { root_volume = { throughput_mb_per_second = 800 } }
  }

  expect_failures = [var.fleet]
}

run "a_negative_warm_up_is_refused" {
  command = plan

  variables {
    # a negative warm-up
    fleet = { instance_warmup_seconds = -1 }
  }

  expect_failures = [var.fleet]
}

run "an_unknown_kind_of_container_insights_is_refused" {
  command = plan

  variables {
    # an unknown word
    fleet = { container_insights = "on" }
  }

  expect_failures = [var.fleet]
}

run "negative_limits_and_an_audit_of_0_days_are_refused" {
  command = plan

  variables {
    limits     = { user_units_per_day = -1 }
    audit_days = 0
  }

  expect_failures = [var.limits, var.audit_days]
}

run "a_cooldown_of_two_hours_is_refused" {
  command = plan

  variables {
    limits = { cooldown_seconds = 7200 }
  }

  expect_failures = [var.limits]
}

run "a_limit_of_0_jobs_in_flight_is_refused" {
  command = plan

  variables {
    limits = { jobs_in_flight = 0 }
  }

  expect_failures = [var.limits]
}
