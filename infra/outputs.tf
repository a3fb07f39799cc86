output "discord_interactions_endpoint_url" {
  description = "The application's Interactions Endpoint URL, for Discord."
  value = local.emulated ? join("/", [
    var.emulator_endpoint, "_aws", "execute-api", module.interactions_api.rest_api_id, module.interactions_api.stage_name, "interactions",
  ]) : "${module.interactions_api.invoke_url}/interactions"
}

output "discord_application_id" {
  description = "The application whose commands are to be registered."
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
  value       = module.interactions_function.name
}

output "rest_api_id" {
  description = "Id of the REST API that Discord calls."
  value       = module.interactions_api.rest_api_id
}

output "log_group_names" {
  description = "Every log group of the deployment, by what writes it."
  value = {
    access_log   = module.interactions_api.log_group_name
    interactions = module.interactions_function.log_group_name
  }
}

output "worker_environment" {
  description = "Environment of a worker, whoever starts it."
  value       = local.worker_environment
}
