# The GPU fleet: an ECS service of workers, on instances that a capacity provider starts and
# terminates. The module scaling changes the service's desired count.

data "aws_caller_identity" "current" {}
data "aws_default_tags" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  cluster_name = var.prefix
  service_name = "${var.prefix}-worker"

  capacity_provider_name = "${var.prefix}-gpu"

  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  account   = data.aws_caller_identity.current.account_id
  ecs_arn   = "arn:${local.partition}:ecs:${local.region}:${local.account}"

  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
  cluster_arn = "${local.ecs_arn}:cluster/${local.cluster_name}"
  service_arn = "${local.ecs_arn}:service/${local.cluster_name}/${local.service_name}"
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
  auto_scaling_group_arn = "arn:${local.partition}:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${local.service_name}"

  container_instances_arn = "${local.ecs_arn}:container-instance/${local.cluster_name}/*"
  tasks_arn               = "${local.ecs_arn}:task/${local.cluster_name}/*"
}

resource "aws_ecs_cluster" "this" {
  # checkov:skip=CKV_AWS_65: Insights costs by the task and the metric; the loop publishes what the dashboard shows, and fleet.container_insights switches it on
  name = local.cluster_name

  # Insights is billed per task and metric; the scaling loop publishes what the dashboard shows.
  setting {
    name  = "containerInsights"
    value = var.container_insights
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = [aws_ecs_capacity_provider.gpu.name]

  default_capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.gpu.name
    weight            = 1
  }
}

resource "aws_cloudwatch_log_group" "worker" {
  # checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with a key of AWS's; a key of one's own costs a dollar a month, and no secret is logged
  name              = "/ecs/${local.service_name}"
  retention_in_days = var.log_retention_days
}
