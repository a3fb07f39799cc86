mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix                  = "bot-test"
  subnet_ids              = ["subnet-0123456789abcdef0"]
  security_group_id       = "sg-0123456789abcdef0"
  instance_types          = ["g4dn.xlarge", "g5.xlarge"]
  ami                     = "resolve:ssm:/some/parameter"
  spot_percentage         = 75
  on_demand_base          = 1
  minimum_tasks           = 0
  maximum_tasks           = 3
  root_volume             = { size_gb = 40, iops = 3000, throughput_mb_per_second = 125 }
  instance_warmup_seconds = 120
  container_insights      = "disabled"
  image                   = "v1"
  environment             = { HEALTH_FILE = "/tmp/worker.health", QUEUE_URL = "https://queue" }
  task_memory_mb          = 12288
  stop_timeout_seconds    = 25
  queue_arn               = "arn:aws:sqs:us-east-1:123456789012:bot-test-jobs.fifo"
  jobs_table_arn          = "arn:aws:dynamodb:us-east-1:123456789012:table/bot-test-jobs"
  item_conditions = {
    jobs            = { StringLike = { "dynamodb:LeadingKeys" = ["jobs"] } }
    jobs_and_ledger = { StringLike = { "dynamodb:LeadingKeys" = ["jobs_and_ledger"] } }
    workers         = { StringLike = { "dynamodb:LeadingKeys" = ["workers"] } }
  }
  log_retention_days = 7
}

run "an_instance_joins_the_cluster_protects_its_credentials_and_drains_before_spot_takes_it" {
  module {
    source = "./modules/fleet"
  }

  assert {
    condition = endswith(base64decode(aws_launch_template.instance.user_data), <<-EOT
      Content-Type: text/x-shellscript; charset="us-ascii"

      #!/bin/bash
      cat >> /etc/ecs/ecs.config <<'CONFIG'
      ECS_CLUSTER=bot-test
      ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true
      ECS_ENABLE_GPU_SUPPORT=true
      ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
      ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
      CONFIG
      --==part==--
    EOT
    )
    error_message = "The user data: ${base64decode(aws_launch_template.instance.user_data)}"
  }

  assert {
    condition = strcontains(
      base64decode(aws_launch_template.instance.user_data),
      "Content-Type: text/cloud-boothook; charset=\"us-ascii\"\n\n${file("./modules/fleet/instance_store.sh")}\n--==part==",
    )
    error_message = "The disk must be set up in a boothook, before Docker starts."
  }

  assert {
    condition = [
      for metadata in aws_launch_template.instance.metadata_options : [metadata.http_tokens, metadata.http_put_response_hop_limit]
    ] == [["required", 1]]
    error_message = "The instance's credentials must be out of the containers' reach."
  }

  assert {
    condition = [
      for device in aws_launch_template.instance.block_device_mappings : [device.ebs[0].volume_type, device.ebs[0].volume_size, device.ebs[0].throughput, device.ebs[0].encrypted]
    ] == [["gp3", 40, 125, "true"]]
    error_message = "The disk: ${jsonencode(aws_launch_template.instance.block_device_mappings)}"
  }

  assert {
    condition     = aws_launch_template.instance.image_id == "resolve:ssm:/some/parameter"
    error_message = "The image must be looked up at each launch."
  }

  assert {
    condition = [
      for interface in aws_launch_template.instance.network_interfaces : [interface.associate_public_ip_address, join(",", interface.security_groups)]
    ] == [["true", "sg-0123456789abcdef0"]]
    error_message = "The network: ${jsonencode(aws_launch_template.instance.network_interfaces)}"
  }

  assert {
    condition     = { for tags in aws_launch_template.instance.tag_specifications : tags.resource_type => tags.tags } == { for type in ["instance", "network-interface", "volume"] : type => tomap({ Deployment = "mocked", Name = "bot-test-worker" }) }
    error_message = "What is launched must carry the tag that the budget counts by."
  }
}

run "the_groups_maximum_is_the_tasks_maximum_and_instances_are_protected_from_scale_in" {
  module {
    source = "./modules/fleet"
  }

  assert {
    condition     = [aws_autoscaling_group.gpu.min_size, aws_autoscaling_group.gpu.max_size] == [0, 3]
    error_message = "The group must be from 0 to an instance for each task."
  }

  assert {
    condition     = aws_autoscaling_group.gpu.protect_from_scale_in && aws_autoscaling_group.gpu.capacity_rebalance
    error_message = "Instances must be protected, and replaced when Spot is about to take them."
  }

  assert {
    condition = [
      for spread in aws_autoscaling_group.gpu.mixed_instances_policy[0].instances_distribution :
      [spread.on_demand_base_capacity, spread.on_demand_percentage_above_base_capacity, spread.spot_allocation_strategy]
    ] == [[1, 25, "price-capacity-optimized"]]
    error_message = "The share of Spot: ${jsonencode(aws_autoscaling_group.gpu.mixed_instances_policy)}"
  }

  assert {
    condition     = aws_autoscaling_group.gpu.mixed_instances_policy[0].launch_template[0].override[*].instance_type == tolist(["g4dn.xlarge", "g5.xlarge"])
    error_message = "Every type must be among the group's."
  }

  assert {
    condition = [
      for provider in aws_ecs_capacity_provider.gpu.auto_scaling_group_provider : [
        provider.managed_termination_protection, provider.managed_draining, provider.managed_scaling[0].status, provider.managed_scaling[0].target_capacity,
      ]
    ] == [["ENABLED", "ENABLED", "ENABLED", 100]]
    error_message = "The capacity provider: ${jsonencode(aws_ecs_capacity_provider.gpu)}"
  }
}

run "a_task_has_a_gpu_a_health_check_and_a_read_only_root" {
  module {
    source = "./modules/fleet"
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.worker.container_definitions) : alltrue([
        container.resourceRequirements == [{ type = "GPU", value = "1" }],
        container.image == "123456789012.dkr.ecr.us-east-1.amazonaws.com/mocked:v1",
        container.environment == [{ name = "HEALTH_FILE", value = "/tmp/worker.health" }, { name = "QUEUE_URL", value = "https://queue" }],
        container.memoryReservation == 12288,
        container.stopTimeout == 35,
        container.readonlyRootFilesystem,
        container.linuxParameters.capabilities.drop == ["ALL"],
        container.linuxParameters.initProcessEnabled,
        [for mount in container.mountPoints : mount.containerPath] == ["/cache"],
        [for mount in container.linuxParameters.tmpfs : mount.containerPath] == ["/tmp"],
        strcontains(container.healthCheck.command[3], "os.environ['HEALTH_FILE']"),
        container.logConfiguration.options["awslogs-group"] == "/ecs/bot-test-worker",
        container.logConfiguration.options.mode == "non-blocking",
      ])
    ])
    error_message = "The container: ${aws_ecs_task_definition.worker.container_definitions}"
  }

  assert {
    condition     = aws_ecs_task_definition.worker.network_mode == "bridge" && aws_ecs_task_definition.worker.requires_compatibilities == toset(["EC2"])
    error_message = "A task of its own interface has no way out of a public subnet on EC2."
  }

  assert {
    condition     = aws_cloudwatch_log_group.worker.retention_in_days == 7
    error_message = "The log group must have retention."
  }
}

run "a_revision_stays_active_after_the_next_one" {
  command = plan

  module {
    source = "./modules/fleet"
  }

  assert {
    condition     = aws_ecs_task_definition.worker.skip_destroy
    error_message = "The circuit breaker must be able to go back to the revision before."
  }
}

run "an_image_of_another_registry_is_used_unchanged" {
  module {
    source = "./modules/fleet"
  }

  variables {
    image = "ghcr.io/me/worker@sha256:00"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].image == "ghcr.io/me/worker@sha256:00"
    error_message = "The image: ${aws_ecs_task_definition.worker.container_definitions}"
  }
}

run "the_service_replaces_tasks_in_place_and_rolls_back_when_they_fail" {
  module {
    source = "./modules/fleet"
  }

  assert {
    condition     = [aws_ecs_service.worker.deployment_minimum_healthy_percent, aws_ecs_service.worker.deployment_maximum_percent] == [0, 100]
    error_message = "A new task must take the GPU of an old one."
  }

  assert {
    condition = [
      for breaker in aws_ecs_service.worker.deployment_circuit_breaker : [breaker.enable, breaker.rollback]
    ] == [[true, true]]
    error_message = "A deployment whose tasks die must go back."
  }

  assert {
    condition     = aws_ecs_service.worker.desired_count == 0 && aws_ecs_service.worker.availability_zone_rebalancing == "DISABLED"
    error_message = "The service must sleep at first, and leave busy tasks where they are."
  }

  assert {
    condition     = [for share in aws_ecs_service.worker.capacity_provider_strategy : share.capacity_provider] == ["bot-test-gpu"]
    error_message = "Tasks must be placed by the capacity provider."
  }
}

run "a_paused_fleet_has_no_task_whatever_its_minimum" {
  module {
    source = "./modules/fleet"
  }

  variables {
    minimum_tasks = 2
    maximum_tasks = 0
  }

  assert {
    condition     = aws_ecs_service.worker.desired_count == 0 && aws_autoscaling_group.gpu.max_size == 0
    error_message = "A paused fleet must have neither tasks nor instances."
  }
}

run "each_role_has_the_rights_it_needs" {
  module {
    source = "./modules/fleet"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.task.policy).Statement == [
      {
        Sid      = "TakeJobs"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
        Resource = "arn:aws:sqs:us-east-1:123456789012:bot-test-jobs.fifo"
      },
      {
        Sid       = "ReadJobs"
        Effect    = "Allow"
        Action    = "dynamodb:GetItem"
        Resource  = "arn:aws:dynamodb:us-east-1:123456789012:table/bot-test-jobs"
        Condition = { StringLike = { "dynamodb:LeadingKeys" = ["jobs"] } }
      },
      {
        Sid       = "EndJobs"
        Effect    = "Allow"
        Action    = "dynamodb:UpdateItem"
        Resource  = "arn:aws:dynamodb:us-east-1:123456789012:table/bot-test-jobs"
        Condition = { StringLike = { "dynamodb:LeadingKeys" = ["jobs_and_ledger"] } }
      },
      {
        Sid       = "NoteWorkers"
        Effect    = "Allow"
        Action    = "dynamodb:PutItem"
        Resource  = "arn:aws:dynamodb:us-east-1:123456789012:table/bot-test-jobs"
        Condition = { StringLike = { "dynamodb:LeadingKeys" = ["workers"] } }
      },
      {
        Sid       = "ProtectTask"
        Effect    = "Allow"
        Action    = "ecs:UpdateTaskProtection"
        Resource  = "arn:aws:ecs:us-east-1:123456789012:task/bot-test/*"
        Condition = { ArnEquals = { "ecs:cluster" = "arn:aws:ecs:us-east-1:123456789012:cluster/bot-test" } }
      },
    ]
    error_message = "The task's policy: ${aws_iam_role_policy.task.policy}"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : [statement.Sid, statement.Resource]
      ] == [
      ["LogInToEcr", "*"],
      ["PullImage", "arn:aws:ecr:us-east-1:123456789012:repository/mocked"],
      ["WriteLog", "arn:aws:logs:us-east-1:123456789012:log-group:mocked:log-stream:*"],
    ]
    error_message = "The execution's policy: ${aws_iam_role_policy.execution.policy}"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement : [statement.Sid, statement.Resource]
      ] == [
      ["FindEcs", "*"],
      ["JoinCluster", "arn:aws:ecs:us-east-1:123456789012:cluster/bot-test"],
      ["RunTasks", "arn:aws:ecs:us-east-1:123456789012:container-instance/bot-test/*"],
    ]
    error_message = "The instance's policy: ${aws_iam_role_policy.instance.policy}"
  }

  assert {
    condition = alltrue([
      for role in [aws_iam_role.task, aws_iam_role.execution] : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals == { "aws:SourceAccount" = "123456789012" }
    ])
    error_message = "Only tasks of this account may take the roles."
  }
}

run "the_repository_keeps_the_images_for_a_rollback" {
  module {
    source = "./modules/fleet"
  }

  assert {
    condition     = aws_ecr_repository.worker.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.worker.image_scanning_configuration[0].scan_on_push && aws_ecr_repository.worker.force_delete
    error_message = "The repository: ${jsonencode(aws_ecr_repository.worker)}"
  }

  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.worker.policy).rules : [rule.selection.tagStatus, rule.selection.countNumber]] == [["untagged", 1], ["any", 10]]
    error_message = "The rules: ${aws_ecr_lifecycle_policy.worker.policy}"
  }
}

run "without_a_warm_pool_nothing_of_it_is_there" {
  module {
    source = "./modules/fleet"
  }

  assert {
    condition     = length(aws_autoscaling_group.gpu.warm_pool) == 0 && length(aws_autoscaling_lifecycle_hook.warm_up) == 0
    error_message = "A warm pool must be asked for."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.instance.policy, "autoscaling:") && !strcontains(aws_iam_role_policy.instance.policy, "ecr:")
    error_message = "An instance without a warm pool needs no more rights than its agent."
  }
}

run "a_warm_pool_holds_stopped_instances_with_the_image_on_the_root_volume" {
  module {
    source = "./modules/fleet"
  }

  variables {
    warm_pool_size  = 2
    spot_percentage = 0
    image           = "registry.example.com/worker:v1"
  }

  assert {
    condition = [
      for pool in aws_autoscaling_group.gpu.warm_pool : [pool.pool_state, tostring(pool.min_size), tostring(pool.max_group_prepared_capacity)]
    ] == [["Stopped", "2", "2"]]
    error_message = "The pool: ${jsonencode(aws_autoscaling_group.gpu.warm_pool)}"
  }

  assert {
    condition     = alltrue([for pool in aws_autoscaling_group.gpu.warm_pool : length(pool.instance_reuse_policy) == 0])
    error_message = "ECS allows no return of instances to a warm pool."
  }

  assert {
    condition     = !aws_autoscaling_group.gpu.capacity_rebalance
    error_message = "Without Spot there is nothing to replace early."
  }

  assert {
    condition = [
      for hook in aws_autoscaling_lifecycle_hook.warm_up :
      [hook.name, hook.autoscaling_group_name, hook.lifecycle_transition, hook.default_result]
    ] == [["warm-up", "bot-test-worker", "autoscaling:EC2_INSTANCE_LAUNCHING", "CONTINUE"]]
    error_message = "The hook: ${jsonencode(aws_autoscaling_lifecycle_hook.warm_up)}"
  }

  assert {
    condition = alltrue([
      for line in ["ECS_WARM_POOLS_CHECK=true", "Environment=WARM_UP_IMAGE=registry.example.com/worker:v1", "Environment=WARM_UP_GROUP=bot-test-worker", "Environment=WARM_UP_HOOK=warm-up"] :
      strcontains(base64decode(aws_launch_template.instance.user_data), "\n${line}\n")
    ])
    error_message = "The user data: ${base64decode(aws_launch_template.instance.user_data)}"
  }

  assert {
    condition     = !strcontains(base64decode(aws_launch_template.instance.user_data), "text/cloud-boothook")
    error_message = "A stop empties the instance store: images must stay on the root volume."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement : statement.Sid => statement.Resource
      if contains(["LogInToEcr", "PullImage", "ReportWarmUp"], statement.Sid)
      } == {
      LogInToEcr   = "*"
      PullImage    = aws_ecr_repository.worker.arn
      ReportWarmUp = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/bot-test-worker"
    }
    error_message = "The rights: ${aws_iam_role_policy.instance.policy}"
  }
}
