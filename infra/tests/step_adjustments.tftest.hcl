# tests/infra/test_step_sizes.py compares every fleet's steps with those that Python computes.

run "a_small_fleet_has_a_step_for_every_size" {
  command = plan

  module {
    source = "./modules/step_adjustments"
  }

  variables {
    maximum = 2
  }

  assert {
    condition = jsonencode(output.scale_out) == jsonencode([
      { metric_interval_lower_bound = 0, metric_interval_upper_bound = 1, scaling_adjustment = 1 },
      { metric_interval_lower_bound = 1, metric_interval_upper_bound = null, scaling_adjustment = 2 },
    ])
    error_message = "The steps: ${jsonencode(output.scale_out)}"
  }
}

run "a_fleet_larger_than_the_sizes_file_is_refused" {
  command = plan

  module {
    source = "./modules/step_adjustments"
  }

  variables {
    maximum = 201
  }

  expect_failures = [var.maximum]
}
