output "cluster_name" {
  description = "Name of the ECS cluster, known before it exists."
  value       = local.cluster_name
}

output "cluster_arn" {
  description = "ARN of the ECS cluster, known before it exists."
  value       = local.cluster_arn
}

output "service_name" {
  description = "Name of the ECS service, known before it exists."
  value       = local.service_name
}

output "service_arn" {
  description = "ARN of the ECS service, known before it exists."
  value       = local.service_arn
}

output "scalable_service" {
  description = "The service as Application Auto Scaling names it, once it exists."
  value       = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.worker.name}"
}

output "auto_scaling_group_name" {
  description = "Name of the Auto Scaling group, known before it exists."
  value       = local.service_name
}

output "auto_scaling_group_arn" {
  description = "ARN of the Auto Scaling group, known before it exists: its UUID is a wildcard."
  value       = local.auto_scaling_group_arn
}

output "tasks_arn" {
  description = "ARN of every task of the cluster."
  value       = local.tasks_arn
}

output "container_instances_arn" {
  description = "ARN of every container instance of the cluster."
  value       = local.container_instances_arn
}

output "repository_url" {
  description = "Where the worker's image is pushed to, without a tag."
  value       = aws_ecr_repository.worker.repository_url
}

output "log_group_name" {
  description = "Name of the workers' log group."
  value       = aws_cloudwatch_log_group.worker.name
}
