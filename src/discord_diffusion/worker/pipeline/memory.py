"""Memory: free bytes, and errors that mean that there is none left."""

import errno
import gc
from pathlib import Path

import torch

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_ERROR_TEXTS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "cannot allocate memory",
    "_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_NOT_INITIALIZED",
    "CUFFT_ALLOC_FAILED",
    "unable to find an engine",
    "No valid execution plans built",
    "NVML_SUCCESS == r INTERNAL ASSERT FAILED",
)
"""Error texts of the libraries below torch, which have no error class for it. Those of cuDNN's
engines and plans, and NOT_INITIALIZED, come where a workspace or a handle does not fit; that of
NVML where the allocator, out of memory, asks a driver that does not answer how much there is."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error means that memory has run out."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    # safetensors raises OSError without a number where weights can't be mapped.
    return isinstance(error, RuntimeError | OSError) and any(
        text.lower() in str(error).lower() for text in _ERROR_TEXTS
    )


def release(device: torch.device) -> None:
    """Free memory that nothing refers to any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def free_bytes(device: torch.device) -> int | None:
    """Bytes that could still be allocated; None if the system does not say."""
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free + cached)
    readings = [
        reading for reading in (_meminfo("MemAvailable:"), _cgroup_free()) if reading is not None
    ]
    return min(readings, default=None)


def host_bytes() -> int | None:
    """Host memory that this process could have at all; None if the system does not say."""
    limits = [limit for limit in (_meminfo("MemTotal:"), _cgroup_limit()) if limit is not None]
    return min(limits, default=None)


def peak_bytes(device: torch.device) -> int | None:
    """The most bytes that were allocated since the last call; None if the device is no GPU."""
    if device.type != "cuda":
        return None
    peak = int(torch.cuda.max_memory_allocated(device))
    torch.cuda.reset_peak_memory_stats(device)
    return peak


def _meminfo(field: str) -> int | None:
    if not _MEMINFO.exists():
        return None
    lines = (line.split() for line in _MEMINFO.read_text().splitlines())
    return next((int(line[1]) * 1024 for line in lines if line[0] == field), None)


def _cgroup_free() -> int | None:
    """Bytes that are left of a container's limit."""
    limit = _cgroup_limit()
    try:
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return None
    return None if limit is None else limit - used


def _cgroup_limit() -> int | None:
    """A container's limit; None if it has none."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
    except OSError:
        return None
    return int(limit) if limit.isdigit() else None
