"""Where to draw, and in which numbers."""

import torch

from discord_diffusion.worker.errors import ModelLoadError

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
_FIRST_BFLOAT16_GENERATION = (8, 0)
"""NVIDIA GPUs of earlier compute capabilities emulate bfloat16, slowly."""


def choose_device(wanted: str) -> torch.device:
    """`auto` takes a GPU when there is one; a device that is named must be there."""
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wanted)
    missing = (device.type == "cuda" and not torch.cuda.is_available()) or (
        device.type == "mps" and not torch.backends.mps.is_available()
    )
    if missing:
        raise ModelLoadError(f"DEVICE={wanted!r} is not there; auto or cpu would run on the CPU")
    return device


def choose_dtype(device: torch.device, wanted: str = "auto") -> torch.dtype:
    """fp32 on the CPU, where half precision is many times slower; else what the GPU is fast in."""
    if wanted != "auto":
        return PRECISIONS[wanted]
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and (
        torch.cuda.get_device_capability(device) >= _FIRST_BFLOAT16_GENERATION
    ):
        return torch.bfloat16
    return torch.float16


def prepare(device: torch.device, threads: int | None) -> None:
    """Choices that hold for the whole process."""
    if threads:
        torch.set_num_threads(threads)
    if device.type == "cuda":
        # Sizes repeat, so it pays to try cuDNN's algorithms once for each. What stays in fp32 (a
        # VAE that overflows in fp16) may be multiplied in TF32.
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
