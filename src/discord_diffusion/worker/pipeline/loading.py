"""From a model's name in the settings to a model that draws."""

import logging
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from transformers.utils import logging as transformers_logging

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline import memory, schedulers
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.optimizations import tune

log = logging.getLogger(__name__)

# Their warnings repeat users' prompts and say nothing that an operator can act on.
for _logging in (diffusers.utils.logging, transformers_logging):
    _logging.set_verbosity_error()
    _logging.disable_progress_bar()

TEXT_TO_IMAGE = frozenset(
    {
        "StableDiffusionPipeline",
        "StableDiffusionXLPipeline",
        "StableDiffusion3Pipeline",
        "FluxPipeline",
    }
)
"""Classes for which `AutoPipelineForText2Image` would choose the same class again. Asking it would
import every family of pipelines that diffusers knows, a sixth of a cold start."""


def load(
    spec: ModelSpec, name: str | None, device: torch.device, dtype: torch.dtype, compile_mode: str
) -> LoadedModel:
    """Load one model. `ModelLoadError` says what is wrong; running out of memory is told apart.

    Raises:
        ModelLoadError: the model is not there, is none, or names a scheduler that is none.
        torch.OutOfMemoryError: or what else `memory.is_out_of_memory` knows.
    """
    try:
        pipe = _from_pretrained(spec, dtype)
        _keep_decoder_exact(pipe, dtype)
        pipe.to(device)
    except Exception as error:
        if memory.is_out_of_memory(error):
            raise
        raise ModelLoadError(f"MODEL={spec.model!r} cannot be loaded: {error}") from error
    if spec.scheduler:
        pipe.scheduler = schedulers.chosen_by_operator(spec.scheduler, pipe.scheduler.config)
    shapes = tune(pipe, device, compile_mode)
    return LoadedModel(pipe, name or _shown_name(spec), spec, shapes)


def _from_pretrained(spec: ModelSpec, dtype: torch.dtype) -> Any:
    where = {"revision": spec.revision, "local_files_only": Path(spec.model).is_dir()}
    kind: Any = DiffusionPipeline
    if kind.load_config(spec.model, **where).get("_class_name") not in TEXT_TO_IMAGE:
        kind = diffusers.AutoPipelineForText2Image
    return kind.from_pretrained(spec.model, variant=spec.variant, dtype=dtype, **where)


def _keep_decoder_exact(pipe: Any, dtype: torch.dtype) -> None:
    """SDXL's autoencoder overflows in fp16 and says so; its pipeline would cast it in every call.

    Others' say so too, since that is the default, but do not overflow; their pipelines ignore it.
    """
    is_xl = "StableDiffusionXL" in type(pipe).__name__
    if is_xl and dtype is torch.float16 and pipe.vae.config.get("force_upcast"):
        pipe.vae.to(torch.float32)


def _shown_name(spec: ModelSpec) -> str:
    return Path(spec.model).name if Path(spec.model).is_dir() else spec.model
