"""How much memory is left, and what to do when there was too little."""

import gc
from pathlib import Path

import torch

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_TEXTS = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""What the libraries below torch say, without a class of their own for it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether fewer pictures at a time could have helped."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _TEXTS)
    )


def release(device: torch.device) -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def free_bytes(device: torch.device) -> int | None:
    """What could still be allocated; None where nobody says."""
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free + cached)
    readings = [reading for reading in (_machine(), _cgroup()) if reading is not None]
    return min(readings, default=None)


def peak_bytes(device: torch.device) -> int | None:
    """What was allocated at most since the last call; None where nobody counts."""
    if device.type != "cuda":
        return None
    peak = int(torch.cuda.max_memory_allocated(device))
    torch.cuda.reset_peak_memory_stats(device)
    return peak


def weights_bytes(folder: Path, variant: str | None) -> int:
    """What the weights in a model's folder take on disk; 0 if it is no folder."""
    files = [one for kind in ("safetensors", "bin") for one in folder.rglob(f"*.{kind}")]
    chosen = [one for one in files if variant and f".{variant}." in one.name] or files
    return sum(one.stat().st_size for one in chosen)


def _machine() -> int | None:
    if not _MEMINFO.exists():
        return None
    for line in _MEMINFO.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _cgroup() -> int | None:
    """What is left of a container's limit."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return None
    return int(limit) - used if limit.isdigit() else None
