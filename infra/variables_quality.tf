# What follows from the variable `quality`. The deploy step reads it without the provider, and thus from
# the files variables*.tf alone (infra/deploy/workspace.py).

locals {
  default_model = "stable-diffusion-v1-5/stable-diffusion-v1-5"

  # https://huggingface.co/latent-consistency/lcm-lora-sdv1-5: two to eight steps of LCM's scheduler, without guidance.
  fast_steps   = 4
  better_steps = 8
  best_steps   = 25
  lcm          = { lora = "latent-consistency/lcm-lora-sdv1-5", scheduler = "LCMScheduler", guidance = 1 }

  qualities = {
    fast   = merge(local.lcm, { steps = local.fast_steps, seconds_per_job = 2 })
    better = merge(local.lcm, { steps = local.better_steps, seconds_per_job = 3 })
    best   = { lora = null, scheduler = null, guidance = 7.5, steps = local.best_steps, seconds_per_job = 10 }
  }
  quality = local.qualities[var.worker.model == null ? var.quality : "best"]

  # The quality whose speed docs/costs.md has: null if anything that changes the speed is set otherwise.
  priced_quality = alltrue([
    var.worker.model == null,
    local.worker.model_lora == local.quality.lora,
    local.worker.scheduler == local.quality.scheduler,
    local.generation_defaults == merge({ steps = local.quality.steps, guidance = local.quality.guidance }, { width = 512, height = 512, images = 4 }),
  ]) ? var.quality : null

  # What is not set is as the quality has it.
  worker = merge(var.worker, {
    model      = coalesce(var.worker.model, local.default_model)
    model_lora = try(coalesce(var.worker.model_lora, local.quality.lora), null)
    scheduler  = try(coalesce(var.worker.scheduler, local.quality.scheduler), null)
    models     = local.models
  })

  # The few steps are the LoRA's, which other models do not have: they draw as `best` does, if nothing else is set.
  others = {
    steps    = local.quality.lora == null ? null : var.generation_defaults.steps == null ? local.qualities.best.steps : null
    guidance = local.quality.lora == null ? null : var.generation_defaults.guidance == null ? local.qualities.best.guidance : null
  }
  models = var.worker.models == null ? null : {
    for name, model in var.worker.models : name => model.lora != null ? model : merge(model, {
      steps    = model.steps == null ? local.others.steps : model.steps
      guidance = model.guidance == null ? local.others.guidance : model.guidance
    })
  }

  generation_defaults = merge(var.generation_defaults, {
    steps    = coalesce(var.generation_defaults.steps, local.quality.steps)
    guidance = coalesce(var.generation_defaults.guidance, local.quality.guidance)
  })
  scaling = merge(var.scaling, {
    seconds_per_job = coalesce(var.scaling.seconds_per_job, local.quality.seconds_per_job)
  })
}
