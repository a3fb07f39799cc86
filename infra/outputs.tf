output "discord_interactions_endpoint_url" {
  description = "The application's Interactions Endpoint URL, for Discord."
  value = local.emulated ? join("/", [
    var.emulator_endpoint, "_aws", "execute-api", module.interactions_api.rest_api_id, module.interactions_api.stage_name, "interactions",
  ]) : "${module.interactions_api.invoke_url}/interactions"
}

output "account_id" {
  description = "Id of the AWS account that the deployment was made in."
  value       = terraform_data.account.output
}

output "discord_application_id" {
  description = "Id of the application at Discord."
  value       = var.discord_application_id
}

output "queue_url" {
  description = "Address of the queue of jobs."
  value       = module.queue.url
}

output "queue_arn" {
  description = "ARN of the queue of jobs."
  value       = module.queue.arn
}

output "dead_letter_queue_url" {
  description = "Address of the queue of failed jobs."
  value       = module.queue.dead_letter_url
}

output "interactions_function_name" {
  description = "Name of the Lambda that answers interactions."
  value       = module.function["interactions"].name
}

output "rest_api_id" {
  description = "Id of the REST API that Discord calls."
  value       = module.interactions_api.rest_api_id
}

output "log_group_names" {
  description = "Every log group of the deployment, by what writes it."
  value       = local.log_group_names
}

output "ecs_cluster_name" {
  description = "Name of the ECS cluster."
  value       = module.fleet.cluster_name
}

output "ecs_service_name" {
  description = "Name of the workers' ECS service."
  value       = module.fleet.service_name
}

output "auto_scaling_group_name" {
  description = "Name of the instances' Auto Scaling group."
  value       = module.fleet.auto_scaling_group_name
}

output "ecr_repository_url" {
  description = "Where the worker's image is pushed to, without a tag."
  value       = module.fleet.repository_url
}

output "jobs_table_name" {
  description = "Name of the DynamoDB jobs table."
  value       = module.jobs_table.name
}

output "state_machine_arns" {
  description = "ARNs of the state machines `scaling`, `wake` and `confirm`."
  value       = module.scaling.state_machine_arns
}

output "function_names" {
  description = "Names of the Lambda functions, by function."
  value       = { for role, function in module.function : role => function.name }
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.observability.dashboard_name
}

output "alarm_names" {
  description = "Names of every alarm: those that scale the fleet and those for people."
  value       = { fleet = module.scaling.alarm_names, people = module.observability.alarm_names }
}

output "worker_environment" {
  description = "Environment of a worker, whoever starts it."
  value       = local.worker_environment
}
