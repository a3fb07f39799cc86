# Lambda `interactions` ---------------------------------------------------------------------------

variable "lambda_package" {
  description = "Zip of the Lambda handlers; a relative path counts from the repository's root."
  type        = string
  default     = "build/lambda.zip"
  nullable    = false

  validation {
    condition     = fileexists(startswith(var.lambda_package, "/") ? var.lambda_package : "${path.root}/../${var.lambda_package}")
    error_message = "lambda_package must name an existing zip (a relative path counts from the repository's root): build it with `make package`."
  }
}

variable "lambda_architecture" {
  description = "Processor the package was built for. `arm64` is a fifth cheaper."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture must be \"arm64\" or \"x86_64\", as the package was built."
  }
}

variable "hot_reload_folder" {
  description = "Absolute path of a folder which the emulator runs in place of the package, so that an edit takes effect at the next request. Only with target = \"localstack\"."
  type        = string
  default     = null

  validation {
    condition     = var.hot_reload_folder == null || try(startswith(var.hot_reload_folder, "/"), false)
    error_message = "hot_reload_folder must be an absolute path, or null to run the package."
  }

  validation {
    condition     = var.hot_reload_folder == null || var.target == "localstack"
    error_message = "hot_reload_folder must be null with target = \"aws\": Lambda runs the package only."
  }
}

variable "interactions_function" {
  description = <<-EOT
    Size of the Lambda `interactions`.

    `memory_mb`: memory in MB; the processor's share grows with it.
    `timeout_seconds`: when a call is cut off. Discord itself waits 3 s for an answer.
    `reserved_concurrency`: most calls at once, taken from the account's limit; -1 shares it. New accounts have too low a limit (often 10) to reserve from.
  EOT
  type = object({
    memory_mb            = optional(number, 512)
    timeout_seconds      = optional(number, 10)
    reserved_concurrency = optional(number, -1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.interactions_function.memory_mb >= 128 && var.interactions_function.memory_mb <= 10240
    error_message = "interactions_function.memory_mb must be from 128 to 10240."
  }

  validation {
    condition     = var.interactions_function.timeout_seconds >= 3 && var.interactions_function.timeout_seconds <= 29
    error_message = "interactions_function.timeout_seconds must be from 3 (what Discord waits) to 29 (what API Gateway waits)."
  }

  validation {
    condition     = contains(concat([-1], range(1, 1001)), var.interactions_function.reserved_concurrency)
    error_message = "interactions_function.reserved_concurrency must be -1 (share the account's limit) or a whole number from 1 to 1000: 0 would refuse every interaction, and Lambda keeps 100 of the account's limit (L-B99A9384) for all other functions."
  }
}

variable "replay_window_seconds" {
  description = "How old a signed interaction may be; 0 accepts any age."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.replay_window_seconds >= 0 && var.replay_window_seconds <= 86400 && floor(var.replay_window_seconds) == var.replay_window_seconds
    error_message = "replay_window_seconds must be a whole number of seconds up to 86400 (a day), or 0 to accept any age."
  }
}

variable "styles" {
  description = <<-EOT
    Styles that a command may name, by name; each server can add its own. All of them together are part of an environment variable of a function, for which AWS has 4 KB in all.

    `prompt`, `negative_prompt`: what is drawn, and what is not; `{prompt}` stands for what the user wrote. Without it the text is put behind the user's.
    `steps`, `guidance`, `scheduler`: taken where the command names none.
  EOT
  type = map(object({
    prompt          = optional(string)
    negative_prompt = optional(string)
    steps           = optional(number)
    guidance        = optional(number)
    scheduler       = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.styles) : can(regex("^[a-z0-9][a-z0-9._-]{0,31}$", name))])
    error_message = "styles must have names of 1 to 32 lower-case letters, digits, dots, underscores and hyphens."
  }

  validation {
    condition     = alltrue([for style in values(var.styles) : length(coalesce(style.prompt, "-")) <= 500 && length(coalesce(style.negative_prompt, "-")) <= 500])
    error_message = "styles must have a prompt and a negative_prompt of up to 500 characters."
  }

  validation {
    condition     = alltrue([for style in values(var.styles) : anytrue([for value in values(style) : value != null && value != ""])])
    error_message = "styles must have something that each changes."
  }

  validation {
    condition     = alltrue([for style in values(var.styles) : contains(range(1, 101), coalesce(style.steps, 1))])
    error_message = "styles must have steps that are a whole number from 1 to 100."
  }

  validation {
    condition     = alltrue([for style in values(var.styles) : style.guidance == null ? true : style.guidance >= 0 && style.guidance <= 30])
    error_message = "styles must have a guidance from 0 to 30."
  }

  validation {
    condition     = alltrue([for style in values(var.styles) : style.scheduler == null ? true : can(regex("^[A-Z][A-Za-z0-9]{0,63}$", style.scheduler))])
    error_message = "styles must have a scheduler that is the name of a class, such as DDIMScheduler."
  }

  validation {
    condition     = length(var.styles) <= 25 && length(jsonencode(var.styles)) <= 2000
    error_message = "styles must be at most 25, and as JSON at most 2000 characters."
  }
}

variable "generation_defaults" {
  description = <<-EOT
    Defaults of a command's options; they belong to the model.

    `steps`: denoising steps, 1 to 100; null for those of `quality`.
    `guidance`: how closely the prompt is followed, 0 to 30; null for that of `quality`.
    `width`, `height`: size of a picture in pixels, multiples of 8.
    `images`: pictures of one command, 1 to 4.
  EOT
  type = object({
    steps    = optional(number)
    guidance = optional(number)
    width    = optional(number, 512)
    height   = optional(number, 512)
    images   = optional(number, 4)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(range(1, 101), coalesce(var.generation_defaults.steps, 1))
    error_message = "generation_defaults.steps must be a whole number from 1 to 100."
  }

  validation {
    condition     = coalesce(var.generation_defaults.guidance, 1) >= 0 && coalesce(var.generation_defaults.guidance, 1) <= 30
    error_message = "generation_defaults.guidance must be from 0 to 30."
  }

  validation {
    condition = alltrue([
      for pixels in [var.generation_defaults.width, var.generation_defaults.height] : pixels >= 64 && pixels <= 2048 && pixels % 8 == 0
    ])
    error_message = "generation_defaults.width and height must be multiples of 8 from 64 to 2048."
  }

  validation {
    condition     = contains(range(1, 5), var.generation_defaults.images)
    error_message = "generation_defaults.images must be 1, 2, 3 or 4: Discord shows that many side by side."
  }
}

# API Gateway -------------------------------------------------------------------------------------

variable "throttling" {
  description = <<-EOT
    How many interactions API Gateway lets through; the rest get 429.

    `rate_per_second`: requests a second in the long run.
    `burst`: requests at once.
    `per_source_and_minute`: requests of one address in a minute, more of which AWS WAF blocks, as it
    then does all without a signature; null for no web ACL. Discord's come from few addresses, so it
    has to be above all that Discord sends.
  EOT
  type = object({
    rate_per_second       = optional(number, 100)
    burst                 = optional(number, 200)
    per_source_and_minute = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.throttling.rate_per_second > 0 && var.throttling.rate_per_second <= 10000
    error_message = "throttling.rate_per_second must be above 0 and at most 10000, API Gateway's limit for an account (L-8A5B8E43)."
  }

  validation {
    condition     = var.throttling.burst >= 1 && var.throttling.burst <= 5000 && floor(var.throttling.burst) == var.throttling.burst
    error_message = "throttling.burst must be a whole number from 1 to 5000, API Gateway's limit for an account."
  }

  # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
  validation {
    condition     = var.throttling.per_source_and_minute == null || try(var.throttling.per_source_and_minute >= 10 && var.throttling.per_source_and_minute <= 2000000000 && floor(var.throttling.per_source_and_minute) == var.throttling.per_source_and_minute, false)
    error_message = "throttling.per_source_and_minute must be null or a whole number from 10 to 2000000000, AWS WAF's limits."
  }
}

variable "manage_api_gateway_account" {
  description = "Whether to set the role with which API Gateway writes access logs, which a new account lacks. It is one setting for all of an account's REST APIs in a region, and this would replace another's: the deploy step looks first, and sets the role only where there is none."
  type        = bool
  default     = false
  nullable    = false
}

# Queue -------------------------------------------------------------------------------------------

variable "visibility_timeout_seconds" {
  description = "Visibility timeout of a received job, which the worker extends: after a crash the job waits this long."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains(range(3, 901), var.visibility_timeout_seconds)
    error_message = "visibility_timeout_seconds must be a whole number from 3 (less leaves no time to extend it) to 900: after 15 minutes the interaction's token is dead and nobody can be answered."
  }
}

variable "max_receive_count" {
  description = "How often a job is received before it moves to the dead-letter queue."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = contains(range(1, 101), var.max_receive_count)
    error_message = "max_receive_count must be a whole number from 1 (no second try) to 100."
  }
}

variable "message_retention_seconds" {
  description = "How long a job waits in the queue before SQS drops it."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.message_retention_seconds >= 900 && var.message_retention_seconds <= 1209600
    error_message = "message_retention_seconds must be from 900 (the life of an interaction's token: less would drop jobs that can still be answered) to 1209600 (14 days)."
  }
}

variable "dead_letter_retention_seconds" {
  description = "How long the dead-letter queue keeps a failed job that the Lambda `dead_letters` cannot take; usually it takes one within seconds."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.dead_letter_retention_seconds >= 3600 && var.dead_letter_retention_seconds <= 1209600
    error_message = "dead_letter_retention_seconds must be from 3600 (1 hour) to 1209600 (14 days)."
  }
}
