# The worker's task definition, with one GPU, and the service that runs it.

locals {
  # A name alone is a tag in the deployment's own repository.
  image = strcontains(var.image, "/") ? var.image : "${aws_ecr_repository.worker.repository_url}:${var.image}"

  cache_folder = "/cache"

  # The worker touches the file while it makes progress; the longest pause is the loading of a model.
  health_check = "import os, sys, time; sys.exit(time.time() - os.stat(os.environ['HEALTH_FILE']).st_mtime > ${var.health_stale_seconds})"

  container = {
    name              = "worker"
    image             = local.image
    essential         = true
    cpu               = 2048
    memoryReservation = var.task_memory_mb
    # Longer than the worker takes to stop by itself.
    stopTimeout = var.stop_timeout_seconds + 10

    resourceRequirements = [{ type = "GPU", value = "1" }]

    environment = [for name, value in var.environment : { name = name, value = value }]
    # ECS reads them as it starts a task: neither the task definition nor Terraform's state has a value.
    secrets = [for name, arn in var.secrets : { name = name, valueFrom = arn }]

    healthCheck = {
      command     = ["CMD", "python", "-c", local.health_check]
      interval    = 30
      timeout     = 10
      retries     = 3
      startPeriod = 300
    }

    # Only the model cache and /tmp are writable; torch compiles code into the latter, and runs it.
    readonlyRootFilesystem = true
    mountPoints            = [{ sourceVolume = "cache", containerPath = local.cache_folder, readOnly = false }]

    linuxParameters = {
      initProcessEnabled = true
      capabilities       = { drop = ["ALL"] }
      sharedMemorySize   = 1024
      tmpfs              = [{ containerPath = "/tmp", size = 1024, mountOptions = ["rw", "exec", "nosuid", "nodev"] }]
    }

    # A log that cannot be written must not block the worker.
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.worker.name
        "awslogs-region"        = local.region
        "awslogs-stream-prefix" = "worker"
        "mode"                  = "non-blocking"
        "max-buffer-size"       = "4m"
      }
    }
  }
}

resource "aws_ecs_task_definition" "worker" {
  family = local.service_name

  # A revision stays active after the next one, for the circuit breaker and a person to go back to: a
  # service cannot be updated to one that is deregistered. The deploy step deletes them at the end.
  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html
  skip_destroy = true

  requires_compatibilities = ["EC2"]
  # A task with a network interface of its own gets no public address on EC2, and there is no NAT gateway.
  network_mode       = "bridge"
  execution_role_arn = aws_iam_role.execution.arn
  task_role_arn      = aws_iam_role.task.arn

  container_definitions = jsonencode([local.container])

  # It outlives the task: the next one on the instance finds the model there.
  volume {
    name = "cache"

    docker_volume_configuration {
      scope         = "shared"
      autoprovision = true
      driver        = "local"
    }
  }
}

resource "aws_ecs_service" "worker" {
  name            = local.service_name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.worker.arn
  desired_count   = min(var.minimum_tasks, var.maximum_tasks)

  capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.gpu.name
    weight            = 1
  }

  # A new task takes the GPU of an old one, rather than wait for another instance. Tasks that
  # protect themselves are left until their jobs are done.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  # Tasks that wait for a GPU have not failed, so a shortage does not trip it; tasks that start and
  # die do, before they burn GPU-hours. With rollback the service goes on with what ran before;
  # without, a tripped deployment would start no task until somebody deploys again.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  deployment_controller {
    type = "ECS"
  }

  # Destroying does not wait for tasks that protect themselves. Their jobs go back to the queue.
  force_delete = true

  # Rebalancing zones would stop healthy tasks.
  availability_zone_rebalancing = "DISABLED"
  enable_ecs_managed_tags       = true
  propagate_tags                = "SERVICE"

  lifecycle {
    # The scaling policies and the wake-up set it.
    ignore_changes = [desired_count]
  }

  # Without the roles' policies the first tasks would fail.
  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    aws_iam_role_policy.instance,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
  ]
}
