# Where -----------------------------------------------------------------------------------------

variable "target" {
  description = "Where to deploy: `localstack` (the emulator at `emulator_endpoint`, with test credentials) or `aws` (the account of the credentials in the environment)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["localstack", "aws"], var.target)
    error_message = "target must be \"localstack\" (the emulator) or \"aws\" (a real account)."
  }
}

variable "emulator_endpoint" {
  description = "Address of the emulator, used only with target = \"localstack\"."
  type        = string
  default     = "http://127.0.0.1:4566"
  nullable    = false

  validation {
    condition     = can(regex("^https?://[^/]+$", var.emulator_endpoint))
    error_message = "emulator_endpoint must be http(s)://host:port without a path or a slash at its end, for example http://127.0.0.1:4566."
  }
}

variable "region" {
  description = "AWS region to deploy to."
  type        = string
  default     = "us-east-2"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region's code, for example us-east-1 or eu-central-1."
  }
}

variable "project" {
  description = "First part of every resource's name."
  type        = string
  default     = "discord-diffusion"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.project))
    error_message = "project must be 3 to 20 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen: it is part of names that AWS cuts at 64."
  }
}

variable "environment" {
  description = "Second part of every resource's name: deployments of different environments live side by side in one account. It must differ between regions too, since IAM roles belong to the whole account."
  type        = string
  default     = "dev"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,10}[a-z0-9]$", var.environment))
    error_message = "environment must be 2 to 12 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen, for example dev or prod-eu."
  }
}

variable "tags" {
  description = "Tags for every resource, beside Project, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}

# Discord ---------------------------------------------------------------------------------------

variable "discord_public_key" {
  description = "The application's Ed25519 public key: Discord's developer portal, General Information. It is not a secret."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-fA-F]{64}$", var.discord_public_key))
    error_message = "discord_public_key must be 64 hexadecimal digits: copy \"Public Key\" from the application's General Information page in Discord's developer portal."
  }
}

variable "discord_application_id" {
  description = "The application's id: Discord's developer portal, General Information."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{17,20}$", var.discord_application_id))
    error_message = "discord_application_id must be a snowflake of 17 to 20 digits, in quotes: copy \"Application ID\" from the application's General Information page in Discord's developer portal."
  }
}

variable "discord_api_url" {
  description = "Base address of Discord's HTTP API; another one only for a stand-in for Discord."
  type        = string
  default     = "https://discord.com/api/v10"
  nullable    = false

  validation {
    condition     = can(regex("^https?://[^/]+(/[^/]+)*$", var.discord_api_url))
    error_message = "discord_api_url must be http(s)://host/path without a slash at its end, for example https://discord.com/api/v10."
  }

  validation {
    condition     = var.target == "localstack" || can(regex("^(https://|http://(127\\.0\\.0\\.1|localhost)[:/])", var.discord_api_url))
    error_message = "discord_api_url must be https with target = \"aws\", unless it never leaves the machine: interaction tokens travel in it."
  }
}

# Logs --------------------------------------------------------------------------------------------

variable "log_level" {
  description = "Least severe messages to log, for functions and workers."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps every log."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a value CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "tracing" {
  description = "Whether X-Ray traces interactions through API Gateway and Lambda."
  type        = bool
  default     = false
  nullable    = false
}
