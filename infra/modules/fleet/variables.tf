variable "prefix" {
  description = "First part of every name: project and environment."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Public subnets to launch instances in."
  type        = list(string)
  nullable    = false
}

variable "security_group_id" {
  description = "The instances' security group."
  type        = string
  nullable    = false
}

variable "instance_types" {
  description = "EC2 instance types with one GPU, the preferred one first."
  type        = list(string)
  nullable    = false
}

variable "ami" {
  description = "Image of the instances: an AMI's id, or `resolve:ssm:` and the name of a parameter that holds one."
  type        = string
  nullable    = false
}

variable "spot_percentage" {
  description = "Share of the instances beyond `on_demand_base` that are Spot."
  type        = number
  nullable    = false
}

variable "on_demand_base" {
  description = "How many of the first instances are on demand."
  type        = number
  nullable    = false
}

variable "minimum_tasks" {
  description = "Initial number of tasks of the service."
  type        = number
  nullable    = false
}

variable "maximum_tasks" {
  description = "Maximum number of tasks, and so of instances."
  type        = number
  nullable    = false
}

variable "warm_pool_size" {
  description = "Stopped on-demand instances that are kept with the image; 0 for no warm pool."
  type        = number
  default     = 0
  nullable    = false
}

variable "root_volume" {
  description = "The instances' disk: its size in GB, operations a second and MB a second."
  type = object({
    size_gb                  = number
    iops                     = number
    throughput_mb_per_second = number
  })
  nullable = false
}

variable "instance_warmup_seconds" {
  description = "How long ECS waits for a new instance to join before it asks for more."
  type        = number
  nullable    = false
}

variable "container_insights" {
  description = "Whether CloudWatch Container Insights watches the cluster: disabled, enabled or enhanced."
  type        = string
  nullable    = false
}

variable "kept_images" {
  description = "How many images the repository keeps."
  type        = number
  default     = 10
  nullable    = false
}

variable "image" {
  description = "The worker's image: a tag in the deployment's own repository, or a whole reference with a registry."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "The worker's environment variables."
  type        = map(string)
  nullable    = false
}

variable "secrets" {
  description = "Further environment variables, each with the ARN of the SSM parameter or secret that ECS reads it from."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "task_memory_mb" {
  description = "Memory reserved for a task on an instance."
  type        = number
  nullable    = false
}

variable "stop_timeout_seconds" {
  description = "How long a stopping worker may continue its job."
  type        = number
  nullable    = false
}

variable "health_stale_seconds" {
  description = "Age of the health file at which a worker counts as stuck."
  type        = number
  default     = 600
  nullable    = false
}

variable "queue_arn" {
  description = "ARN of the queue of jobs."
  type        = string
  nullable    = false
}

variable "jobs_table_arn" {
  description = "ARN of the jobs table."
  type        = string
  nullable    = false
}

variable "item_conditions" {
  description = "Conditions of IAM that limit a right on the jobs table, by kind of item."
  type        = map(map(map(list(string))))
  nullable    = false
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps the workers' log."
  type        = number
  nullable    = false
}
