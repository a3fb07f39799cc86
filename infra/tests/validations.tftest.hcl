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

run "names_and_places_that_do_not_exist_are_refused" {
  command = plan

  variables {
    target            = "gcp"
    region            = "Frankfurt"
    emulator_endpoint = "http://127.0.0.1:4566/"
  }

  expect_failures = [var.target, var.region, var.emulator_endpoint]
}

run "names_that_aws_would_refuse_are_refused" {
  command = plan

  variables {
    project     = "DiscordBot"
    environment = "dev-"
  }

  expect_failures = [var.project, var.environment]
}

run "names_that_aws_would_cut_are_refused" {
  command = plan

  variables {
    project     = "a-project-of-21-lettrs"
    environment = "pre-productio"
  }

  expect_failures = [var.project, var.environment]
}

run "what_is_not_copied_whole_from_the_developer_portal_is_refused" {
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

run "a_package_that_was_not_built_or_for_no_processor_is_refused" {
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

run "a_function_that_may_never_run_is_refused" {
  command = plan

  variables {
    interactions_function = { reserved_concurrency = 0 }
  }

  expect_failures = [var.interactions_function]
}

run "too_few_of_everything_is_refused" {
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

run "too_much_of_everything_is_refused" {
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

run "what_nobody_knows_is_refused" {
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

run "a_height_below_the_least_and_less_than_no_thread_are_refused" {
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

run "a_vpc_by_its_name_and_a_fleet_of_no_type_and_more_are_refused" {
  command = plan

  variables {
    # a vpc by its name
    network = { vpc_id = "main" }

    # a fleet of no type
    fleet = { instance_types = [] }

    # a job that takes no time
    scaling = { seconds_per_job = 0 }

    # an oldest job beyond its token
    alarms = { oldest_job_seconds = 901 }

    # an image with a space
    worker_image = "my worker"

    # an address without a place
    alarm_email = "me"

    # a budget of nothing
    monthly_budget_usd = 0

    # a model with a name that no job can say
    worker = { models = { "My Model" = { model = "x" } } }
  }

  expect_failures = [var.network, var.fleet, var.scaling, var.alarms, var.worker_image, var.alarm_email, var.monthly_budget_usd, var.worker]
}

run "a_vpc_that_is_there_and_one_that_is_made_and_a_type_without_one_gpu_and_more_are_refused" {
  command = plan

  variables {
    # a vpc that is there and one that is made
    network = { vpc_id = "vpc-0123456789abcdef0", create_vpc = true }

    # a type without one gpu
    fleet = { instance_types = ["g4dn.12xlarge"] }

    # less than a job at once
    scaling = { jobs_at_once = 0 }

    # no capacity for no time
    alarms = { no_capacity_minutes = 0 }

    # a precision that nobody knows
    worker = { precision = "fp8" }
  }

  expect_failures = [var.network, var.fleet, var.scaling, var.alarms, var.worker]
}

run "a_block_of_addresses_too_small_for_subnets_and_an_image_that_is_none_of_ec2_and_more_are_refused" {
  command = plan

  variables {
    # a block of addresses too small for subnets
    network = { cidr_block = "10.0.0.0/26" }

    # an image that is none of ec2
    fleet = { ami = "ubuntu" }

    # a target beyond the token
    scaling = { target_wait_seconds = 901 }

    # a compilation that nobody knows
    worker = { compile = "yes" }
  }

  expect_failures = [var.network, var.fleet, var.scaling, var.worker]
}

run "more_spot_than_all_and_a_hold_that_is_no_period_of_an_alarm_and_more_are_refused" {
  command = plan

  variables {
    # more spot than all
    fleet = { spot_percentage = 101 }

    # a hold that is no period of an alarm
    scaling = { scale_in_hold_seconds = 90 }

    # a batch of none
    worker = { max_batch = 0 }
  }

  expect_failures = [var.fleet, var.scaling, var.worker]
}

run "less_on_demand_than_none_and_a_start_longer_than_an_hour_and_more_are_refused" {
  command = plan

  variables {
    # less on demand than none
    fleet = { on_demand_base = -1 }

    # a start longer than an hour
    scaling = { boot_pull_seconds = 3601 }

    # pictures smaller than the smallest
    worker = { max_pixels = 100 }
  }

  expect_failures = [var.fleet, var.scaling, var.worker]
}

run "a_fleet_beyond_what_steps_are_written_for_and_a_collector_without_an_address_are_refused" {
  command = plan

  variables {
    # a fleet beyond what steps are written for
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

run "a_task_without_memory_are_refused" {
  command = plan

  variables {
    # a task without memory
    fleet = { task_memory_mb = 512 }
  }

  expect_failures = [var.fleet]
}

run "a_disk_smaller_than_its_image_are_refused" {
  command = plan

  variables {
    # a disk smaller than its image
    fleet = { root_volume = { size_gb = 20 } }
  }

  expect_failures = [var.fleet]
}

run "a_disk_faster_than_its_operations_are_refused" {
  command = plan

  variables {
    # a disk faster than its operations
    fleet = { root_volume = { throughput_mb_per_second = 800 } }
  }

  expect_failures = [var.fleet]
}

run "a_warm_up_that_is_no_time_are_refused" {
  command = plan

  variables {
    # a warm up that is no time
    fleet = { instance_warmup_seconds = -1 }
  }

  expect_failures = [var.fleet]
}

run "insights_that_nobody_knows_are_refused" {
  command = plan

  variables {
    # insights that nobody knows
    fleet = { container_insights = "on" }
  }

  expect_failures = [var.fleet]
}

run "limits_below_none_and_no_day_of_the_audit_are_refused" {
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

run "users_who_may_never_ask_are_refused" {
  command = plan

  variables {
    limits = { jobs_in_flight = 0 }
  }

  expect_failures = [var.limits]
}
