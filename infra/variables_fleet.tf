# Network -----------------------------------------------------------------------------------------

variable "network" {
  description = <<-EOT
    Where the GPU instances live: in public subnets, tagged Tier=Public, without a NAT gateway.

    `create_vpc`: whether to make a VPC with such subnets, rather than use one that is there.
    `vpc_id`: the VPC to use; null for the region's default one.
    `cidr_block`: addresses of a VPC that is made.
  EOT
  type = object({
    create_vpc = optional(bool, false)
    vpc_id     = optional(string)
    cidr_block = optional(string, "10.0.0.0/16")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]{8,17}$", coalesce(var.network.vpc_id, "vpc-00000000")))
    error_message = "network.vpc_id must be a VPC's id, for example vpc-0123456789abcdef0, or null for the region's default VPC."
  }

  validation {
    condition     = !(var.network.create_vpc && var.network.vpc_id != null)
    error_message = "network.vpc_id must be null with network.create_vpc = true: one or the other."
  }

  validation {
    condition     = can(cidrnetmask(var.network.cidr_block)) && try(tonumber(split("/", var.network.cidr_block)[1]) >= 16 && tonumber(split("/", var.network.cidr_block)[1]) <= 24, false)
    error_message = "network.cidr_block must be an IPv4 block from /16 to /24, for example 10.0.0.0/16."
  }
}

# Fleet -------------------------------------------------------------------------------------------

variable "fleet" {
  description = <<-EOT
    The GPU fleet: one task an instance, for each instance has one GPU.

    `instance_types`: EC2 types with one GPU, the preferred one first. ECS counts GPUs and does not see their memory: name only types whose GPU holds the model.
    `ami`: an AMI's id, or `resolve:ssm:` and the parameter that holds one: by default the current ECS image with GPU drivers.
    `spot_percentage`: share of Spot instances, 0 to 100, beyond `on_demand_base`.
    `on_demand_base`: how many of the first instances are on demand.
    `minimum_tasks`: tasks that always run; 0 lets the fleet scale to zero.
    `maximum_tasks`: tasks at most; 0 pauses the deployment.
    `warm_pool_size`: instances that are kept stopped with the worker's image, so that a start takes half the time (docs/costs.md says for how much); 0 for none. It needs
    a `spot_percentage` of 0, and keeps images on the root volume, since a stop empties the instance store. Remove a warm pool before you change to Spot, in an apply of its own.
    `task_memory_mb`: memory reserved for a task on its instance.
    `root_volume`: the instances' system disk: GB, operations a second and MB a second. Images are stored on the instance store; the root volume must be larger
    for an AMI that contains images.
    `instance_warmup_seconds`: how long ECS waits for a new instance to join before it asks for more; with too short a time it starts a second one.
    `container_insights`: disabled, enabled or enhanced; it is billed per task.
  EOT
  type = object({
    instance_types  = optional(list(string), ["g4dn.xlarge", "g5.xlarge", "g6.xlarge"])
    ami             = optional(string, "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id")
    spot_percentage = optional(number, 100)
    on_demand_base  = optional(number, 0)
    minimum_tasks   = optional(number, 0)
    maximum_tasks   = optional(number, 4)
    warm_pool_size  = optional(number, 0)
    task_memory_mb  = optional(number, 12288)
    root_volume = optional(object({
      size_gb                  = optional(number, 40)
      iops                     = optional(number, 3000)
      throughput_mb_per_second = optional(number, 125)
    }), {})
    instance_warmup_seconds = optional(number, 240)
    container_insights      = optional(string, "disabled")
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(var.fleet.instance_types) >= 1 && length(var.fleet.instance_types) <= 20 && length(distinct(var.fleet.instance_types)) == length(var.fleet.instance_types)
    error_message = "fleet.instance_types must name 1 to 20 types, each once."
  }

  validation {
    condition     = alltrue([for type in var.fleet.instance_types : can(regex("^(g4dn\\.(xlarge|2xlarge|4xlarge|8xlarge|16xlarge)|g5\\.(xlarge|2xlarge|4xlarge|8xlarge|16xlarge)|g6e?\\.(xlarge|2xlarge|4xlarge|8xlarge|16xlarge)|gr6\\.(4xlarge|8xlarge)|p5\\.4xlarge)$", type))])
    error_message = "fleet.instance_types must be types with exactly one NVIDIA GPU that ECS knows, such as g4dn.xlarge, g5.xlarge, g6.xlarge, g6e.xlarge or p5.4xlarge: a task has one, and an instance is counted as one task."
  }

  validation {
    condition     = can(regex("^(ami-[0-9a-f]{8,17}|resolve:ssm:[^\\s]+)$", var.fleet.ami))
    error_message = "fleet.ami must be an AMI's id, for example ami-0123456789abcdef0, or resolve:ssm: and the name of a parameter that holds one."
  }

  validation {
    condition     = contains(range(0, 101), var.fleet.spot_percentage)
    error_message = "fleet.spot_percentage must be a whole number from 0 (on demand only) to 100 (Spot only)."
  }

  validation {
    condition     = contains(range(0, 201), var.fleet.on_demand_base)
    error_message = "fleet.on_demand_base must be a whole number from 0 to 200."
  }

  validation {
    condition     = contains(range(0, 201), var.fleet.maximum_tasks)
    error_message = "fleet.maximum_tasks must be a whole number from 0 (paused) to 200. Each task needs the quota of an instance's vCPUs (L-3819A6DF for Spot, L-DB2E81BA on demand)."
  }

  validation {
    condition     = contains(range(0, 201), var.fleet.minimum_tasks) && (var.fleet.minimum_tasks <= var.fleet.maximum_tasks || var.fleet.maximum_tasks == 0)
    error_message = "fleet.minimum_tasks must be a whole number from 0 to fleet.maximum_tasks."
  }

  validation {
    condition     = contains(range(0, 21), var.fleet.warm_pool_size)
    error_message = "fleet.warm_pool_size must be a whole number from 0 (no warm pool) to 20."
  }

  validation {
    condition     = var.fleet.warm_pool_size == 0 || var.fleet.spot_percentage == 0
    error_message = "fleet.warm_pool_size must be 0 unless fleet.spot_percentage is 0: AWS keeps no Spot instances in a warm pool."
  }

  validation {
    condition     = var.fleet.task_memory_mb >= 1024 && floor(var.fleet.task_memory_mb) == var.fleet.task_memory_mb
    error_message = "fleet.task_memory_mb must be a whole number of at least 1024, and leave the instance some 1.5 GB of its own."
  }

  validation {
    condition     = var.fleet.root_volume.size_gb >= 30 && var.fleet.root_volume.size_gb <= 16384
    error_message = "fleet.root_volume.size_gb must be from 30 (the image of the instances itself) to 16384."
  }

  validation {
    condition     = var.fleet.root_volume.iops >= 3000 && var.fleet.root_volume.iops <= 16000 && var.fleet.root_volume.throughput_mb_per_second >= 125 && var.fleet.root_volume.throughput_mb_per_second <= min(1000, var.fleet.root_volume.iops / 4)
    error_message = "fleet.root_volume must have iops from 3000 to 16000 and throughput_mb_per_second from 125 to a quarter of them, 1000 at most: gp3 has no more."
  }

  validation {
    condition     = var.fleet.instance_warmup_seconds >= 0 && var.fleet.instance_warmup_seconds <= 10000 && floor(var.fleet.instance_warmup_seconds) == var.fleet.instance_warmup_seconds
    error_message = "fleet.instance_warmup_seconds must be a whole number from 0 to 10000."
  }

  validation {
    condition     = contains(["disabled", "enabled", "enhanced"], var.fleet.container_insights)
    error_message = "fleet.container_insights must be disabled, enabled or enhanced."
  }
}

variable "worker_image" {
  description = "The worker's image: a tag in the deployment's own repository (output ecr_repository_url), or a whole reference with a registry."
  type        = string
  default     = "v1"
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|[a-z0-9.-]+(:[0-9]+)?/[^\\s]+)$", var.worker_image))
    error_message = "worker_image must be a tag, for example v1, or an image with its registry, for example ghcr.io/me/worker:v1."
  }
}

# Scaling -----------------------------------------------------------------------------------------

variable "scaling" {
  description = <<-EOT
    The numbers by which the fleet is sized.

    `seconds_per_job`: time a task takes for `jobs_at_once` jobs together, until the workers have measured it; null for that of `quality`.
    `jobs_at_once`: jobs a task draws together.
    `target_wait_seconds`: time within which the running tasks are to finish a backlog.
    `scale_in_hold_seconds`: how long tasks must have been spare before they are stopped.
    `boot_instance_seconds`, `boot_pull_seconds`, `boot_load_seconds`: expected time until an instance has joined the cluster, then until it has pulled the image, then until the model is loaded.
  EOT
  type = object({
    seconds_per_job       = optional(number)
    jobs_at_once          = optional(number, 1)
    target_wait_seconds   = optional(number, 60)
    scale_in_hold_seconds = optional(number, 120)
    boot_instance_seconds = optional(number, 120)
    boot_pull_seconds     = optional(number, 150)
    boot_load_seconds     = optional(number, 45)
  })
  default  = {}
  nullable = false

  validation {
    condition     = coalesce(var.scaling.seconds_per_job, 1) > 0 && coalesce(var.scaling.seconds_per_job, 1) <= 900
    error_message = "scaling.seconds_per_job must be above 0 and at most 900, the life of an interaction's token."
  }

  validation {
    condition     = contains(range(1, 65), var.scaling.jobs_at_once)
    error_message = "scaling.jobs_at_once must be a whole number from 1 to 64."
  }

  validation {
    condition     = var.scaling.target_wait_seconds >= 0 && var.scaling.target_wait_seconds <= 900
    error_message = "scaling.target_wait_seconds must be from 0 (a task for every job) to 900, the life of an interaction's token."
  }

  validation {
    condition     = var.scaling.scale_in_hold_seconds >= 60 && var.scaling.scale_in_hold_seconds <= 3600 && var.scaling.scale_in_hold_seconds % 60 == 0
    error_message = "scaling.scale_in_hold_seconds must be a multiple of 60 from 60 to 3600: it is an alarm's period."
  }

  validation {
    condition = alltrue([
      for seconds in [var.scaling.boot_instance_seconds, var.scaling.boot_pull_seconds, var.scaling.boot_load_seconds] : seconds >= 0 && seconds <= 3600
    ])
    error_message = "scaling.boot_instance_seconds, boot_pull_seconds and boot_load_seconds must be from 0 to 3600."
  }
}

# Limits of users ----------------------------------------------------------------------------------

variable "limits" {
  description = <<-EOT
    What may be asked for. A unit is one picture with `generation_defaults`; a command that names nothing costs 2.1 units for its 4 pictures, 2.5 with guidance. A server's own settings may lower
    what its members and all of them may use, never raise it.

    `user_units_per_day`: units of a user in a day, in all servers and direct messages together; 0 is no limit.
    `guild_units_per_day`: units of a server in a day; 0 is no limit.
    `units_per_day`: units of all users in a day; 0 is no limit.
    `cooldown_seconds`: seconds between two requests of a user.
    `jobs_in_flight`: requests of a user that are not finished.
  EOT
  type = object({
    user_units_per_day  = optional(number, 100)
    guild_units_per_day = optional(number, 1000)
    units_per_day       = optional(number, 3000)
    cooldown_seconds    = optional(number, 1)
    jobs_in_flight      = optional(number, 5)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for units in [var.limits.user_units_per_day, var.limits.guild_units_per_day, var.limits.units_per_day] : units >= 0 && units <= 1000000 && floor(units) == units
    ])
    error_message = "limits.user_units_per_day, guild_units_per_day and units_per_day must be whole numbers from 0 (no limit) to 1000000."
  }

  validation {
    condition     = var.limits.cooldown_seconds >= 0 && var.limits.cooldown_seconds <= 3600 && floor(var.limits.cooldown_seconds) == var.limits.cooldown_seconds
    error_message = "limits.cooldown_seconds must be a whole number from 0 to 3600."
  }

  validation {
    condition     = contains(range(1, 101), var.limits.jobs_in_flight)
    error_message = "limits.jobs_in_flight must be a whole number from 1 to 100."
  }
}

# Retention ---------------------------------------------------------------------------------------

variable "point_in_time_recovery" {
  description = "Whether the jobs table can be restored to any second of the last 35 days."
  type        = bool
  default     = false
  nullable    = false
}

variable "audit_days" {
  description = "For how many days the record of who asked for what is kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.audit_days >= 1 && var.audit_days <= 3650 && floor(var.audit_days) == var.audit_days
    error_message = "audit_days must be a whole number from 1 to 3650."
  }
}

# Alarms and budget -------------------------------------------------------------------------------

variable "alarm_email" {
  description = "Address for e-mails about alarms and the budget; null for none. AWS asks the address for its consent."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", coalesce(var.alarm_email, "nobody@example.com")))
    error_message = "alarm_email must be an e-mail address, or null for nobody."
  }
}

variable "alarms" {
  description = <<-EOT
    When people are told.

    `oldest_job_seconds`: age of the oldest job.
    `no_capacity_minutes`: how long tasks are wanted while none runs; more than a start takes.
    `idle_instances_minutes`: how long more instances are in service than tasks are wanted; more than the 15 minutes that ECS itself keeps an empty one. It is 12 minutes more than twice `scaling.scale_in_hold_seconds` at the least.
  EOT
  type = object({
    oldest_job_seconds     = optional(number, 600)
    no_capacity_minutes    = optional(number, 10)
    idle_instances_minutes = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(range(10, 901), var.alarms.oldest_job_seconds)
    error_message = "alarms.oldest_job_seconds must be a whole number from 10 to 900, the life of an interaction's token."
  }

  validation {
    condition     = contains(range(1, 61), var.alarms.no_capacity_minutes)
    error_message = "alarms.no_capacity_minutes must be a whole number from 1 to 60."
  }

  validation {
    condition     = contains(range(16, 121), var.alarms.idle_instances_minutes)
    error_message = "alarms.idle_instances_minutes must be a whole number from 16 to 120: ECS itself keeps an empty instance for 15 minutes."
  }
}

variable "monthly_budget_usd" {
  description = "Budget for a month in US dollars: an e-mail is sent when 80 % is spent, and when more than all of it is forecast."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.monthly_budget_usd >= 1
    error_message = "monthly_budget_usd must be at least 1."
  }
}
