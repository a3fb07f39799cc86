# The instances: one Auto Scaling group of all GPU types, Spot and on demand, from 0 to the maximum of
# tasks. Each instance has one GPU and so runs one task.

locals {
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
  agent_settings = merge({
    ECS_CLUSTER                       = local.cluster_name
    ECS_ENABLE_GPU_SUPPORT            = "true"
    ECS_ENABLE_SPOT_INSTANCE_DRAINING = "true"
    # An image that the instance has is not pulled again: tags are immutable.
    ECS_IMAGE_PULL_BEHAVIOR = "prefer-cached"
    # Logs are written with the task execution role, so that the instance's role needs no right to.
    ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE = "true"
    },
    # From the warm pool an agent must not join the cluster: it would be given tasks, and stopped.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-warm-pool.html
    local.has_warm_pool ? { ECS_WARM_POOLS_CHECK = "true" } : {},
  )

  has_warm_pool = var.warm_pool_size > 0
  warm_up_hook  = "warm-up"

  # The boothook runs before Docker starts, the script before the agent does. A stop empties the
  # instance store: with a warm pool, images go to the root volume.
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
  user_data = templatefile("${path.module}/user_data.mime.tftpl", {
    agent_settings = local.agent_settings
    instance_store = file("${path.module}/instance_store.sh")
    warm_up = !local.has_warm_pool ? null : {
      script = file("${path.module}/warm_up.sh")
      environment = {
        AWS_REGION    = local.region
        WARM_UP_GROUP = local.service_name
        WARM_UP_HOOK  = local.warm_up_hook
        WARM_UP_IMAGE = local.image
      }
    }
  })
}

resource "aws_launch_template" "instance" {
  # checkov:skip=CKV_AWS_88: A public address is the way out without a NAT gateway, which costs more than a quiet fleet; the security group lets nothing in
  name                   = local.service_name
  description            = "A GPU instance that joins the cluster."
  update_default_version = true

  # EC2 looks the parameter up at each launch: always the current image, and no change to plan when
  # AWS publishes one.
  # https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
  image_id      = var.ami
  instance_type = var.instance_types[0]
  user_data     = base64encode(local.user_data)

  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }

  # One hop: the agent shares the instance's network; containers are one hop further, and must not
  # get the instance's role.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.root_volume.size_gb
      iops                  = var.root_volume.iops
      throughput            = var.root_volume.throughput_mb_per_second
      encrypted             = true
      delete_on_termination = true
    }
  }

  network_interfaces {
    associate_public_ip_address = true
    delete_on_termination       = true
    security_groups             = [var.security_group_id]
  }

  # Default tags do not apply to what a template launches, and the budget counts by tags.
  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(data.aws_default_tags.current.tags, { Name = local.service_name })
    }
  }
}

resource "aws_autoscaling_group" "gpu" {
  name                = local.service_name
  min_size            = 0
  max_size            = var.maximum_tasks
  vpc_zone_identifier = var.subnet_ids

  # Managed termination protection requires it: ECS then releases an instance once it is empty.
  protect_from_scale_in = true
  # A Spot instance at risk is replaced before it is taken.
  capacity_rebalance = !local.has_warm_pool
  # ECS notices instances that do not join; EC2's own checks find broken ones.
  health_check_type         = "EC2"
  health_check_grace_period = 0
  # Without it, the group could be deleted only after its protected instances were terminated by hand.
  # Their jobs return to the queue.
  force_delete              = true
  wait_for_capacity_timeout = "0"

  # For the dashboard; free of charge.
  enabled_metrics = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances"]

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = var.on_demand_base
      on_demand_percentage_above_base_capacity = 100 - var.spot_percentage
      on_demand_allocation_strategy            = "prioritized"
      spot_allocation_strategy                 = "price-capacity-optimized"
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.instance.id
        version            = "$Latest"
      }

      dynamic "override" {
        for_each = var.instance_types

        content {
          instance_type = override.value
        }
      }
    }
  }

  # As many stopped instances at all times, whatever runs. ECS allows no return of instances to it.
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-warm-pool.html
  dynamic "warm_pool" {
    for_each = local.has_warm_pool ? [var.warm_pool_size] : []

    content {
      pool_state                  = "Stopped"
      min_size                    = warm_pool.value
      max_group_prepared_capacity = warm_pool.value
    }
  }

  # ECS sets it on the groups of its capacity providers.
  tag {
    key                 = "AmazonECSManaged"
    value               = "true"
    propagate_at_launch = true
  }

  dynamic "tag" {
    for_each = merge(data.aws_default_tags.current.tags, { Name = local.service_name })

    content {
      key   = tag.key
      value = tag.value
      # The launch template tags them.
      propagate_at_launch = false
    }
  }

  lifecycle {
    # The capacity provider sets it.
    ignore_changes = [desired_capacity]
  }
}

# Holds an instance in the warm pool until it has pulled the image. One that does not report goes on
# all the same: it is no worse than one that was never warmed.
resource "aws_autoscaling_lifecycle_hook" "warm_up" {
  count = local.has_warm_pool ? 1 : 0

  name                   = local.warm_up_hook
  autoscaling_group_name = aws_autoscaling_group.gpu.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
  heartbeat_timeout      = 900
  default_result         = "CONTINUE"
}

resource "aws_ecs_capacity_provider" "gpu" {
  name = local.capacity_provider_name

  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.gpu.arn
    managed_termination_protection = "ENABLED"
    managed_draining               = "ENABLED"

    # 100: an instance for each task, none to spare. Less starts and stops instances without end
    # while there is no task. https://github.com/aws/containers-roadmap/issues/653
    managed_scaling {
      status                    = "ENABLED"
      target_capacity           = 100
      minimum_scaling_step_size = 1
      maximum_scaling_step_size = 100
      instance_warmup_period    = var.instance_warmup_seconds
    }
  }

  # The account's first cluster makes ECS's service-linked role, which a capacity provider needs.
  # https://github.com/hashicorp/terraform-provider-aws/issues/19977
  depends_on = [aws_ecs_cluster.this]
}
