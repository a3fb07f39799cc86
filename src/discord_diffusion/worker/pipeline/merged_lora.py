"""Merges a LoRA into a pipeline's weights for good: a model that draws in few steps is published as
the LoRA that makes it one. Merged, it costs neither time in a step nor memory. Weights in 8 bits
take one as well: peft changes them in full precision and rounds the sums.
"""

from typing import Any

from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline.weights import lora_arguments, short_reason
from discord_diffusion.worker.plan.single_files import HubFile, locate


def merge(pipe: Any, source: str) -> None:
    """Add a LoRA to the weights of a pipeline that is loaded and holds no other.

    Args:
        pipe: one that is loaded by a memory plan or without.
        source: file, folder, hub id, or file on the hub (`org/name/file.safetensors`).

    Raises:
        ModelLoadError: it is missing or broken, or is for another model.
    """
    if not hasattr(pipe, "load_lora_weights"):
        raise ModelLoadError(f"its LoRA {source}: {type(pipe).__name__} takes no LoRA")
    try:
        pipe.load_lora_weights(**_arguments(source))
        if not pipe.get_active_adapters():
            raise ModelLoadError(f"its LoRA {source} changes no layer of it")
        # Weights that are no numbers any more would draw black pictures, later.
        pipe.fuse_lora(safe_fusing=True)
        pipe.unload_lora_weights()
    except ModelLoadError:
        raise
    except Exception as error:
        text = f"its LoRA {source} cannot be merged: {short_reason(error)}"
        raise ModelLoadError(text) from error


def _arguments(source: str) -> dict[str, Any]:
    found = locate(source)
    if isinstance(found, HubFile):
        return lora_arguments(found.repository, found.name, found.revision)
    return lora_arguments(source, None, None)
