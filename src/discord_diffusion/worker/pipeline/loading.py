"""Loads a model: chooses device and precision, and loads the pipeline from a folder or the hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from transformers.utils import logging as transformers_logging

from discord_diffusion.jobs.embeddings import EmbeddingSpec
from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import DeviceLostError, ModelLoadError
from discord_diffusion.worker.pipeline import (
    interface,
    memory,
    merged_lora,
    placement,
    single_files,
)
from discord_diffusion.worker.pipeline.embeddings import load_embeddings
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel, scheduler_from_setting
from discord_diffusion.worker.pipeline.loras import LoadedLoras
from discord_diffusion.worker.pipeline.optimizations import optimize
from discord_diffusion.worker.pipeline.weights import load_variant, short_reason
from discord_diffusion.worker.plan.choice import MemoryPlan

# Both libraries warn in texts that quote users' prompts and that no operator can act on.
for _logging in (diffusers.utils.logging, transformers_logging):
    _logging.set_verbosity_error()
    _logging.disable_progress_bar()

NVIDIA_DRIVER = Path("/dev/nvidiactl")
"""Where the driver's device file is, in a container, too, that was given a GPU."""
_PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
_FIRST_BFLOAT16_CAPABILITY = (8, 0)
"""NVIDIA GPUs of earlier compute capabilities emulate bfloat16, slowly."""


@dataclass(frozen=True)
class Additions:
    """What is loaded into a model beside its own weights."""

    loras: Mapping[str, LoraSpec]
    embeddings: Mapping[str, EmbeddingSpec]


NOTHING = Additions({}, {})


def choose_device(wanted: str) -> torch.device:
    """Turn `auto` into a GPU if there is one.

    Raises:
        ModelLoadError: a named device is missing.
        DeviceLostError: there is a GPU that does not answer. A worker that drew on the CPU in its
            place would be a hundred times as slow, and would look healthy.
    """
    gpus = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        if not any(gpus.values()) and torch.version.cuda and NVIDIA_DRIVER.exists():
            raise DeviceLostError(
                "the machine's NVIDIA GPU or its driver does not answer; "
                "DEVICE=cpu would draw on the CPU"
            )
        return torch.device(next((kind for kind, available in gpus.items() if available), "cpu"))
    device = torch.device(wanted)
    if not gpus.get(device.type, True):
        raise ModelLoadError(f"DEVICE={wanted!r} is missing; auto or cpu would run on the CPU")
    return device


def choose_dtype(device: torch.device, wanted: str = "auto") -> torch.dtype:
    """Turn `auto` into the fastest precision of the device; on a CPU that is fp32."""
    if wanted != "auto":
        return _PRECISIONS[wanted]
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and (
        torch.cuda.get_device_capability(device) >= _FIRST_BFLOAT16_CAPABILITY
    ):
        return torch.bfloat16
    return torch.float16


def configure_torch(device: torch.device, threads: int | None) -> None:
    """Change those settings of torch that are valid for the whole process."""
    if threads:
        torch.set_num_threads(threads)
    if device.type == "cuda":
        # Sizes repeat, so it pays to try cuDNN's algorithms once for each. What stays in fp32 (a
        # VAE that overflows in fp16) may be multiplied in TF32.
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")


def load(
    spec: ModelSpec,
    name: str | None,
    device: torch.device,
    dtype: torch.dtype,
    compile_mode: str,
    added: Additions = NOTHING,
) -> LoadedModel:
    """Load one model onto a device; without a `name` it has that of its folder or its hub id.

    Raises:
        ModelLoadError: the model is missing or broken, its scheduler is unknown, or it cannot take
            what is to be added to it.
        torch.OutOfMemoryError: or another error for which `memory.is_out_of_memory` is true.
    """
    plan = placement.plan(spec, device, dtype, added.loras)
    dtype = _PRECISIONS[plan.precision] if plan else dtype
    try:
        file = single_files.find(spec)
        pipe = _load_pipeline(spec, file, device, dtype, plan)
        _keep_decoder_exact(pipe, dtype)
        if spec.lora:
            merged_lora.merge(pipe, spec.lora)
        load_embeddings(pipe, added.embeddings)
        loras = LoadedLoras.load(pipe, added.loras)
        placement.place(pipe, device, plan)
    except ModelLoadError as error:
        raise ModelLoadError(f"MODEL={spec.model!r} cannot be loaded: {error}") from error
    except Exception as error:
        if memory.is_out_of_memory(error):
            raise
        raise ModelLoadError(f"MODEL={spec.model!r} cannot be loaded: {_reason(error)}") from error
    if spec.scheduler:
        pipe.scheduler = scheduler_from_setting(spec.scheduler, pipe.scheduler.config)
    if (plan and plan.offload) or added.loras:
        # Networks that move between memories, or whose layers change, are not compiled.
        compile_mode = "off"
    compilations = optimize(pipe, device, compile_mode)
    return LoadedModel(pipe, name or _shown_name(spec, file), spec, compilations, loras)


def _shown_name(spec: ModelSpec, file: Path | None) -> str:
    """What a model without a name is called: like its file or folder, or by its hub id."""
    if file is not None:
        return file.stem
    folder = Path(spec.model)
    return folder.name if folder.is_dir() else spec.model


def _load_pipeline(
    spec: ModelSpec,
    file: Path | None,
    device: torch.device,
    dtype: torch.dtype,
    plan: MemoryPlan | None,
) -> Any:
    if file is None:
        return _from_pretrained(spec, device, dtype, plan)
    vae = _vae(spec.vae, dtype) if spec.vae else None
    is_cached = not Path(spec.model).exists()
    pipe = single_files.load(file, dtype, device, plan, vae, is_cached=is_cached)
    if reason := interface.refusal(type(pipe)):
        raise ModelLoadError(reason)
    return pipe


def _from_pretrained(
    spec: ModelSpec, device: torch.device, dtype: torch.dtype, plan: MemoryPlan | None
) -> Any:
    where = {"revision": spec.revision, "local_files_only": Path(spec.model).is_dir()}
    index = DiffusionPipeline.load_config(spec.model, **where)
    kind = _pipeline_class(index)
    loader: Any = DiffusionPipeline
    # `AutoPipelineForText2Image` imports every family, which takes a sixth of a cold start. It is
    # needed where the folder names a class of the family that does not draw from a prompt alone.
    if interface.starts_from_picture(kind):
        loader = diffusers.AutoPipelineForText2Image
    parts = placement.arguments(plan, index, device)
    if spec.vae:
        parts["vae"] = _vae(spec.vae, dtype)
    return load_variant(
        lambda variant: loader.from_pretrained(
            spec.model, variant=variant, dtype=dtype, **where, **parts
        ),
        spec.variant,
        dtype,
    )


def _vae(source: str, dtype: torch.dtype) -> Any:
    """An autoencoder by itself: SDXL's own overflows in fp16, others are decoded by a small one."""
    kind: Any = diffusers.AutoModel
    local = Path(source).is_dir()
    return load_variant(
        lambda variant: kind.from_pretrained(
            source, variant=variant, dtype=dtype, local_files_only=local
        ),
        None,
        dtype,
    )


def _pipeline_class(index: Mapping[str, Any]) -> Any:
    """The class that a model's index names; `ModelLoadError` if the worker can't draw with it."""
    name = index.get("_class_name")
    kind = getattr(diffusers, name, None) if isinstance(name, str) else None
    if kind is None:
        raise ModelLoadError(f"diffusers {diffusers.__version__} has no pipeline {name}")
    if reason := interface.refusal(kind) or interface.missing_library(index):
        raise ModelLoadError(reason)
    return kind


def _reason(error: Exception) -> str:
    """One sentence of an error whose text may be a page."""
    if "file named model_index.json" in str(error):
        return (
            "it has no model_index.json, so it is no pipeline as diffusers saves them, and no "
            "single file of safetensors; LoRA weights (Hyper-SD) are listed in LORAS"
        )
    return short_reason(error)


def _keep_decoder_exact(pipe: Any, dtype: torch.dtype) -> None:
    """Keep SDXL's autoencoder in fp32, once, instead of its pipeline casting it in every call.

    It overflows in fp16, which `force_upcast` states. Other models have the same setting, since it
    is the default, but do not overflow, and their pipelines ignore it.
    """
    is_xl = "StableDiffusionXL" in type(pipe).__name__
    if is_xl and dtype is torch.float16 and pipe.vae.config.get("force_upcast"):
        pipe.vae.to(torch.float32)
