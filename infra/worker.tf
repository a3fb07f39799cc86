# What the GPU worker is told, by whoever starts it.

locals {
  worker_environment = tomap({
    for name, value in merge(local.common_environment, {
      METRIC_NAMESPACE           = local.prefix
      DISCORD_API_URL            = var.discord_api_url
      VISIBILITY_TIMEOUT_SECONDS = var.visibility_timeout_seconds
      MAX_RECEIVE_COUNT          = var.max_receive_count
      MODEL                      = var.worker.model
      MODEL_REVISION             = var.worker.model_revision
      MODEL_VARIANT              = var.worker.model_variant
      MODEL_NOTICE               = var.worker.model_notice
      SCHEDULER                  = var.worker.scheduler
      DEVICE                     = var.worker.device
      TORCH_THREADS              = var.worker.torch_threads
      RECEIVE_WAIT_SECONDS       = var.worker.receive_wait_seconds
      PICTURE_SCALE              = var.worker.picture_scale
      HEALTH_FILE                = var.worker.health_file
      STOP_TIMEOUT_SECONDS       = var.worker.stop_timeout_seconds
    }) : name => tostring(value) if value != null
  })
}
