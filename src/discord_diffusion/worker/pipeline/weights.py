"""Which files of weights are loaded: those in half precision where the model is drawn in it.

Many models have their weights twice, in fp32 and as the variant fp16, which takes half the disk,
the download and the memory of the host.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from discord_diffusion.worker.plan import loras

T = TypeVar("T")

HALF = "fp16"
"""What diffusers calls files of weights in half precision."""


def load_variant(load: Callable[[str | None], T], wanted: str | None, dtype: torch.dtype) -> T:
    """Call `load` with the variant that is wanted, or with those that suit a precision in turns.

    Raises:
        Exception: what `load` raised for the variant that suits best.
    """
    if wanted:
        return load(wanted)
    first, second = (None, HALF) if dtype is torch.float32 else (HALF, None)
    try:
        return load(first)
    except (OSError, ValueError) as error:
        try:
            return load(second)
        except (OSError, ValueError):
            raise error from None


def file_arguments(source: str, file: str | None, revision: str | None) -> dict[str, Any]:
    """What diffusers needs to find a file of weights: a path, or a name in a folder or on the hub.

    Pickled files are not read: they may run code.
    """
    path = Path(source)
    if path.is_file():
        source, file = str(path.parent), path.name
    return {
        "pretrained_model_name_or_path_or_dict": source,
        "weight_name": file,
        "revision": revision,
        "local_files_only": path.exists(),
        "use_safetensors": True,
    }


def lora_arguments(source: str, file: str | None, revision: str | None) -> dict[str, Any]:
    """The same for a LoRA: which file it is, where nobody says.

    Raises:
        UnusableFileError: there are several.
    """
    return file_arguments(source, file or loras.file_of(source, revision), revision)


def short_reason(error: Exception) -> str:
    """One sentence of an error whose text may be a page."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].split(". ")[0] if lines else type(error).__name__
