# Worker ------------------------------------------------------------------------------------------

variable "quality" {
  description = <<-EOT
    How the default model, Stable Diffusion 1.5, draws: what `worker.model`, `worker.model_lora`, `worker.scheduler`, `generation_defaults.steps`, `generation_defaults.guidance` and `scaling.seconds_per_job` are where they are not set. With a `worker.model` of one's own these are what `best` has, without a LoRA; and so are `steps` and `guidance` of those of `worker.models` that name none, nor a LoRA.

    `fast`: four steps, by the LCM-LoRA merged into it.
    `better`: eight of these steps.
    `best`: 25 steps with guidance, without the LoRA; a negative prompt has an effect.

    docs/costs.md has the price of each.
  EOT
  type        = string
  default     = "fast"
  nullable    = false

  validation {
    condition     = contains(["fast", "better", "best"], var.quality)
    error_message = "quality must be fast, better or best."
  }
}

variable "worker" {
  description = <<-EOT
    Settings of the GPU worker; null leaves a setting to the worker's default.

    `model`: folder or Hugging Face id of a diffusers pipeline, or a checkpoint in one file (ORG/NAME/FILE.safetensors); null for Stable Diffusion 1.5 as `quality` has it.
    `model_revision`: branch, tag or commit of the model.
    `model_variant`: variant of the weights' files, for example fp16.
    `model_vae`: folder or Hugging Face id of an autoencoder in place of the model's own, for example one of SDXL's that does not overflow in fp16.
    `model_lora`: folder or Hugging Face id of a LoRA that is merged into the model, for example one with which it draws in few steps; `org/name/file.safetensors` where a repository has several.
    `hub_token`: ARN of the SSM parameter, or of the secret of Secrets Manager, that holds a Hugging Face token, with which workers fetch models that are not for everybody. Both are read with the account's own keys.
    `model_notice`: sentence shown under every answer.
    `models`: more models that a job may name, by name: `model` and, where they differ, `revision`, `variant`, `vae`, `lora` (as `model_lora`), `precision`, `scheduler`, `steps`, `guidance`, `max_pixels`, and `relative_cost`: how many times as long it draws a picture as the default model, by which its jobs cost more units.
    `loras`: LoRAs that a job may name, by name: `lora` (a folder, a file or a Hugging Face id) and, where they differ, `file` (its name in the folder or repository), `revision`, `trigger` (words that the prompt must have), `weight` (-2 to 2, for jobs that name none), and `models`: the names of the models that it was made for, of which null is the default model.
    `embeddings`: embeddings (textual inversions) by the word that stands for each in a prompt: `embedding` (a folder, a file or a Hugging Face id) and, where they differ, `file`, `revision` and `models` as above.
    `safety_checker`: what checks the pictures of models that have no safety checker: folder or Hugging Face id of a pipeline whose checker is used, model (every model must have one), or none.
    `scheduler`: class name of a diffusers scheduler in place of the model's own.
    `max_pixels`: width times height of the largest picture that is drawn.
    `device`: auto, cpu, cuda, cuda:N or mps.
    `precision`: number format of the model: auto, fp32, fp16 or bf16.
    `torch_threads`: threads of one worker on the CPU.
    `max_batch`: most pictures in one forward pass, however many would fit.
    `compile`: torch.compile: auto, off, regional, full or max.
    `compile_cache`: folder for compiled code; below /cache it outlives a task.
    `receive_wait_seconds`: length of a long poll, 0 to 20.
    `picture_scale`: whole number by which finished pictures are enlarged.
    `picture_format`: webp, a fifth of the bytes that go out to Discord, or png, without losses; what does not fit is sent smaller.
    `health_file`: file that the worker touches while it is healthy, for ECS's health check.
    `stop_timeout_seconds`: how long a stopping worker may go on with its job. Spot takes an instance after 120 s.
    `discord_cdn_hosts`: hosts that source pictures come from, beside that of Discord's API.
    `otlp_endpoint`: OpenTelemetry collector that traces go to, by OTLP over HTTP.
  EOT
  type = object({
    model          = optional(string)
    model_revision = optional(string)
    model_variant  = optional(string)
    model_vae      = optional(string)
    model_lora     = optional(string)
    hub_token      = optional(string)
    model_notice   = optional(string)
    models = optional(map(object({
      model      = string
      revision   = optional(string)
      variant    = optional(string)
      vae        = optional(string)
      lora       = optional(string)
      precision  = optional(string)
      scheduler  = optional(string)
      steps      = optional(number)
      guidance   = optional(number)
      max_pixels = optional(number)

      relative_cost = optional(number)
    })))
    loras = optional(map(object({
      lora     = string
      file     = optional(string)
      revision = optional(string)
      trigger  = optional(string)
      weight   = optional(number)
      models   = optional(list(string))
    })))
    embeddings = optional(map(object({
      embedding = string
      file      = optional(string)
      revision  = optional(string)
      models    = optional(list(string))
    })))
    safety_checker       = optional(string, "stable-diffusion-v1-5/stable-diffusion-v1-5")
    scheduler            = optional(string)
    max_pixels           = optional(number)
    device               = optional(string)
    precision            = optional(string)
    torch_threads        = optional(number)
    max_batch            = optional(number)
    compile              = optional(string)
    compile_cache        = optional(string)
    receive_wait_seconds = optional(number)
    picture_scale        = optional(number)
    picture_format       = optional(string, "webp")
    health_file          = optional(string, "/tmp/worker.health")
    stop_timeout_seconds = optional(number)
    discord_cdn_hosts    = optional(list(string))
    otlp_endpoint        = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for place in [var.worker.model, var.worker.model_lora] : place == null || try(length(trimspace(place)) > 0, false)])
    error_message = "worker.model and worker.model_lora must name a folder or a Hugging Face id, or be null."
  }

  validation {
    condition     = can(regex("^arn:[a-z-]+:(ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]+|secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+)$", coalesce(var.worker.hub_token, "arn:aws:ssm:us-east-1:123456789012:parameter/none")))
    error_message = "worker.hub_token must be the ARN of a parameter of SSM or of a secret of Secrets Manager, never the token itself."
  }

  validation {
    condition     = can(regex("^\\S+$", var.worker.safety_checker))
    error_message = "worker.safety_checker must be none, model, or the folder or Hugging Face id of a pipeline that has a safety checker."
  }

  validation {
    condition     = can(regex("^(auto|cpu|mps|cuda(:[0-9]+)?)$", coalesce(var.worker.device, "auto")))
    error_message = "worker.device must be auto, cpu, cuda, cuda:N or mps."
  }

  validation {
    condition     = alltrue([for name in keys(coalesce(var.worker.models, {})) : can(regex("^[a-z0-9][a-z0-9._-]{0,63}$", name))])
    error_message = "worker.models must have names of 1 to 64 lower-case letters, digits, dots, underscores and hyphens."
  }

  validation {
    condition     = alltrue([for model in values(coalesce(var.worker.models, {})) : coalesce(model.relative_cost, 1) >= 0.01 && coalesce(model.relative_cost, 1) <= 1000])
    error_message = "worker.models must have a relative_cost from 0.01 to 1000."
  }

  validation {
    condition     = alltrue([for model in values(coalesce(var.worker.models, {})) : contains(["auto", "fp32", "fp16", "bf16"], coalesce(model.precision, "auto"))])
    error_message = "worker.models must have a precision of auto, fp32, fp16 or bf16."
  }

  validation {
    condition     = alltrue([for name in keys(coalesce(var.worker.loras, {})) : can(regex("^[a-z0-9][a-z0-9._-]{0,23}$", name))])
    error_message = "worker.loras must have names of 1 to 24 lower-case letters, digits, dots, underscores and hyphens."
  }

  validation {
    condition     = alltrue([for lora in values(coalesce(var.worker.loras, {})) : coalesce(lora.weight, 1) >= -2 && coalesce(lora.weight, 1) <= 2])
    error_message = "worker.loras must have a weight from -2 to 2."
  }

  validation {
    condition     = alltrue([for lora in values(coalesce(var.worker.loras, {})) : length(coalesce(lora.trigger, "-")) <= 200])
    error_message = "worker.loras must have a trigger of up to 200 characters."
  }

  # Only texts and lists have a length.
  validation {
    condition     = alltrue(flatten([for addition in concat(values(coalesce(var.worker.loras, {})), values(coalesce(var.worker.embeddings, {}))) : [for value in values(addition) : try(length(value) > 0, true)]]))
    error_message = "worker.loras and worker.embeddings must have nothing that is empty: leave it out."
  }

  validation {
    condition     = alltrue([for addition in concat(values(coalesce(var.worker.loras, {})), values(coalesce(var.worker.embeddings, {}))) : can(regex("^[^/]+[.]safetensors$", coalesce(addition.file, "x.safetensors")))])
    error_message = "worker.loras and worker.embeddings must have a file whose name ends with .safetensors, without a folder."
  }

  validation {
    condition     = alltrue([for model in flatten([for addition in concat(values(coalesce(var.worker.loras, {})), values(coalesce(var.worker.embeddings, {}))) : coalesce(addition.models, [])]) : model == null || contains(keys(coalesce(var.worker.models, {})), coalesce(model, "-"))])
    error_message = "worker.loras and worker.embeddings must name models that are in worker.models, or null for the default model."
  }

  validation {
    condition     = alltrue([for word in keys(coalesce(var.worker.embeddings, {})) : can(regex("^[A-Za-z0-9<>_-]{2,32}$", word))])
    error_message = "worker.embeddings must have words of 2 to 32 letters, digits, <, >, underscores and hyphens."
  }

  validation {
    condition     = contains(["auto", "fp32", "fp16", "bf16"], coalesce(var.worker.precision, "auto"))
    error_message = "worker.precision must be auto, fp32, fp16 or bf16."
  }

  validation {
    condition     = contains(["auto", "off", "regional", "full", "max"], coalesce(var.worker.compile, "auto"))
    error_message = "worker.compile must be auto, off, regional, full or max."
  }

  validation {
    condition     = contains(range(1, 65), coalesce(var.worker.max_batch, 1))
    error_message = "worker.max_batch must be a whole number from 1 to 64."
  }

  validation {
    condition     = coalesce(var.worker.max_pixels, 262144) >= 4096 && coalesce(var.worker.max_pixels, 262144) <= 4194304
    error_message = "worker.max_pixels must be from 4096 (64 by 64) to 4194304 (2048 by 2048)."
  }

  validation {
    condition     = can(regex("^https?://[^/\\s]+", coalesce(var.worker.otlp_endpoint, "http://collector")))
    error_message = "worker.otlp_endpoint must be an address that begins with http:// or https://, or null for no traces."
  }

  validation {
    condition     = alltrue([for host in coalesce(var.worker.discord_cdn_hosts, []) : can(regex("^[a-z0-9.-]+(:[0-9]+)?$", host))])
    error_message = "worker.discord_cdn_hosts must be hosts, for example cdn.discordapp.com, without https:// before them."
  }

  validation {
    condition     = contains(range(0, 21), coalesce(var.worker.receive_wait_seconds, 20))
    error_message = "worker.receive_wait_seconds must be a whole number from 0 to 20, the longest poll of SQS."
  }

  validation {
    condition     = contains(["png", "webp"], coalesce(var.worker.picture_format, "png"))
    error_message = "worker.picture_format must be png or webp."
  }

  validation {
    condition     = contains(range(1, 17), coalesce(var.worker.picture_scale, 1))
    error_message = "worker.picture_scale must be a whole number from 1 to 16."
  }

  validation {
    condition     = try(var.worker.torch_threads >= 0 && var.worker.torch_threads <= 1024 && floor(var.worker.torch_threads) == var.worker.torch_threads, var.worker.torch_threads == null)
    error_message = "worker.torch_threads must be a whole number from 1 to 1024, or 0 for torch's own choice."
  }

  validation {
    condition     = try(var.worker.stop_timeout_seconds >= 0 && var.worker.stop_timeout_seconds <= 7200 && floor(var.worker.stop_timeout_seconds) == var.worker.stop_timeout_seconds, var.worker.stop_timeout_seconds == null)
    error_message = "worker.stop_timeout_seconds must be a whole number from 0 to 7200."
  }
}
