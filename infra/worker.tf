# The GPU worker's environment, for the fleet and for the local rig.

locals {
  worker_environment = tomap({
    for name, value in merge(local.common_environment, {
      QUEUE_URL                   = module.queue.url
      METRIC_NAMESPACE            = local.prefix
      DISCORD_API_URL             = var.discord_api_url
      VISIBILITY_TIMEOUT_SECONDS  = var.visibility_timeout_seconds
      MAX_RECEIVE_COUNT           = var.max_receive_count
      DEFAULT_STEPS               = local.generation_defaults.steps
      DEFAULT_GUIDANCE            = local.generation_defaults.guidance
      DEFAULT_WIDTH               = local.generation_defaults.width
      DEFAULT_HEIGHT              = local.generation_defaults.height
      MODEL                       = local.worker.model
      MODEL_REVISION              = var.worker.model_revision
      MODEL_VARIANT               = var.worker.model_variant
      MODEL_VAE                   = var.worker.model_vae
      MODEL_LORA                  = local.worker.model_lora
      MODEL_NOTICE                = var.worker.model_notice
      MODELS                      = local.worker_environment_models
      LORAS                       = local.worker_environment_loras
      EMBEDDINGS                  = local.worker_environment_embeddings
      SAFETY_CHECKER              = var.worker.safety_checker
      SCHEDULER                   = local.worker.scheduler
      MAX_PIXELS                  = var.worker.max_pixels
      DEVICE                      = var.worker.device
      PRECISION                   = var.worker.precision
      TORCH_THREADS               = var.worker.torch_threads
      MAX_BATCH                   = var.worker.max_batch
      COMPILE                     = var.worker.compile
      COMPILE_CACHE               = var.worker.compile_cache
      RECEIVE_WAIT_SECONDS        = var.worker.receive_wait_seconds
      PICTURE_SCALE               = var.worker.picture_scale
      PICTURE_FORMAT              = var.worker.picture_format
      HEALTH_FILE                 = var.worker.health_file
      STOP_TIMEOUT_SECONDS        = var.worker.stop_timeout_seconds
      DISCORD_CDN_HOSTS           = var.worker.discord_cdn_hosts == null ? null : join(",", var.worker.discord_cdn_hosts)
      OTEL_EXPORTER_OTLP_ENDPOINT = var.worker.otlp_endpoint
    }) : name => tostring(value) if value != null
  })

  # A model's settings that are null are left to the programs' defaults.
  worker_environment_models = local.models == null ? null : jsonencode({
    for name, model in local.models : name => { for key, value in model : key => value if value != null }
  })
  worker_environment_loras = var.worker.loras == null ? null : jsonencode({
    for name, lora in var.worker.loras : name => { for key, value in lora : key => value if value != null }
  })
  worker_environment_embeddings = var.worker.embeddings == null ? null : jsonencode({
    for word, embedding in var.worker.embeddings : word => { for key, value in embedding : key => value if value != null }
  })
}
