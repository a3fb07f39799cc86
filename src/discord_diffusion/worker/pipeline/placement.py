"""Carries out a memory plan: 8-bit weights, networks read straight to the GPU, model offload.

What fits is decided by `worker.plan`, before any weight is read.
"""

import logging
from collections.abc import Mapping
from typing import Any

import diffusers
import torch
import transformers

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import MemoryPlan, choose
from discord_diffusion.worker.plan.errors import (
    DoesNotFitError,
    PlanError,
    UnknownWeightsError,
    UnusableFileError,
)
from discord_diffusion.worker.plan.machines import Gpu, Machine

log = logging.getLogger(__name__)

_UNTYPED: Any = diffusers
_LIBRARIES: dict[str, Any] = {"diffusers": diffusers, "transformers": transformers}
_NAMES = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}


def plan(
    spec: ModelSpec, device: torch.device, dtype: torch.dtype, loras: Mapping[str, LoraSpec]
) -> MemoryPlan | None:
    """How to load a model with LoRAs; None if the device is no NVIDIA GPU, or its size unknown.

    Raises:
        ModelLoadError: it does not fit in any way, and the text names an instance type that would
            do; or it fits in 8 bits only, and torchao is not installed.
    """
    if device.type != "cuda":
        return None
    try:
        weights = sources.find(spec.model, spec.revision, spec.variant, added=loras)
        chosen = choose(weights, machine_of(device), _NAMES[dtype])
    except UnknownWeightsError as error:
        log.warning("The memory for the model is not planned", extra={"reason": str(error)})
        return None
    except (DoesNotFitError, UnusableFileError) as error:
        raise ModelLoadError(str(error)) from error
    if missing := chosen.missing_library():
        raise ModelLoadError(f"{spec.model} does not fit otherwise, but {missing}")
    log.info("The memory is planned", extra={"model": spec.model, "plan": str(chosen)})
    return chosen


def weights_bytes(spec: ModelSpec, dtype: torch.dtype, loras: Mapping[str, LoraSpec]) -> int:
    """Bytes of a model's weights in a precision; 0 if nobody on this machine says how many."""
    try:
        weights = sources.find(spec.model, spec.revision, spec.variant, network=False, added=loras)
        return weights.parameters * dtype.itemsize
    except PlanError:
        return 0


def machine_of(device: torch.device) -> Machine:
    """The machine that this process runs on, with all memory of its GPU."""
    properties = torch.cuda.get_device_properties(device)
    capability = (properties.major, properties.minor)
    gpu = Gpu(properties.name, properties.total_memory, capability)
    host = memory.host_bytes()
    return Machine("this machine", gpu, host if host is not None else properties.total_memory)


def arguments(
    chosen: MemoryPlan | None, index: Mapping[str, Any], device: torch.device
) -> dict[str, Any]:
    """What `from_pretrained` needs to load as planned; `index` names the libraries of networks."""
    if chosen is None:
        return {}
    words: dict[str, Any] = {}
    if chosen.quantized:
        words["quantization_config"] = _UNTYPED.PipelineQuantizationConfig(
            quant_mapping={name: _in_8_bits(index[name][0]) for name in sorted(chosen.quantized)}
        )
    if chosen.straight:
        words["device_map"] = device.type
    return words


def quantization_of(
    chosen: MemoryPlan | None, name: str, index: Mapping[str, Any]
) -> dict[str, Any]:
    """What one network needs to be loaded as planned, where it is loaded by itself."""
    if chosen is None or name not in chosen.quantized:
        return {}
    return {"quantization_config": _in_8_bits(index[name][0])}


def _in_8_bits(library: str) -> Any:
    from torchao.quantization import (
        Int8WeightOnlyConfig,  # takes a while, and few models need it
    )

    return _LIBRARIES[library].TorchAoConfig(Int8WeightOnlyConfig())


def place(pipe: Any, device: torch.device, chosen: MemoryPlan | None) -> None:
    """Bring a loaded pipeline to its device, or each network whenever it is its turn."""
    if chosen and chosen.offload:
        pipe.enable_model_cpu_offload(device=device)
    elif not (chosen and chosen.straight):
        pipe.to(device)
