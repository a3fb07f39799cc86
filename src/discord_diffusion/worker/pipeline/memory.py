"""Memory: how much is left, when it has run out, and how many pictures fit in a forward pass."""

import gc
import logging
from collections.abc import Callable
from pathlib import Path

import torch

log = logging.getLogger(__name__)

CPU_PICTURES = 8
"""Pictures of the model's own size in a forward pass on a CPU. On two cores eight in a batch are
1.8 times as fast as one by one, and sixteen hardly faster."""
_GPU_RESERVE = 0.1
"""Share of a GPU's memory that is left to the allocator's gaps and to the decoder."""
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_ERROR_TEXTS = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""Texts of the libraries below torch, which have no error class of their own for it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error could be avoided by fewer pictures at a time."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _ERROR_TEXTS)
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
    readings = [reading for reading in (_machine_free(), _cgroup_free()) if reading is not None]
    return min(readings, default=None)


def peak_bytes(device: torch.device) -> int | None:
    """Bytes that were allocated at most since the last call; None if the device is no GPU."""
    if device.type != "cuda":
        return None
    peak = int(torch.cuda.max_memory_allocated(device))
    torch.cuda.reset_peak_memory_stats(device)
    return peak


def weights_bytes(folder: Path, variant: str | None) -> int:
    """Size on disk of the weights in a model's folder; 0 if it is no folder."""
    files = [path for kind in ("safetensors", "bin") for path in folder.rglob(f"*.{kind}")]
    chosen = [path for path in files if variant and f".{variant}." in path.name] or files
    return sum(path.stat().st_size for path in chosen)


class GpuMeter:
    """Measures the memory of a GPU, by torch's allocator and the driver."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes that were allocated at most while `work` ran."""
        torch.cuda.reset_peak_memory_stats(self._device)
        work()
        torch.cuda.synchronize(self._device)
        return int(torch.cuda.max_memory_allocated(self._device))

    def budget(self) -> int:
        """Bytes that may be allocated in all: those that are, and the free ones less a reserve."""
        _free, total = torch.cuda.mem_get_info(self._device)
        free = free_bytes(self._device) or 0
        return int(torch.cuda.memory_allocated(self._device) + free - _GPU_RESERVE * total)


class Capacity:
    """How many pictures go through a model's networks at a time.

    Counted in pixels, since the memory of a picture grows with them.
    """

    def __init__(self, pixels: int, max_pictures: int) -> None:
        self._pixels = pixels
        self._max_pictures = max_pictures

    @classmethod
    def on_cpu(cls, native_pixels: int, max_pictures: int) -> "Capacity":
        """The capacity by speed: on a CPU memory is not what runs out first."""
        return cls(CPU_PICTURES * native_pixels, max_pictures)

    @classmethod
    def measured(
        cls, meter: GpuMeter, draw: Callable[[int], object], pixels: int, max_pictures: int
    ) -> "Capacity":
        """Draw one and two pictures of that many pixels; the second one's memory is the measure."""
        one = meter.peak(lambda: draw(1))
        try:
            two = meter.peak(lambda: draw(2))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return cls(pixels, max_pictures)
        each = max(two - one, 1)
        fitting = 1 + max(0, meter.budget() - one) // each
        log.info(
            "Capacity measured",
            extra={"bytes_a_picture": each, "pixels": pixels, "pictures": fitting},
        )
        return cls(fitting * pixels, max_pictures)

    def pictures(self, pixels: int) -> int:
        """How many pictures of that many pixels fit; at least one."""
        return max(1, min(self._max_pictures, self._pixels // pixels))

    def reduce(self, pictures: int, pixels: int) -> None:
        """Allow half as many from now on: so many pictures of that many pixels did not fit."""
        self._pixels = min(self._pixels, max(1, pictures // 2) * pixels)


def _machine_free() -> int | None:
    if not _MEMINFO.exists():
        return None
    lines = (line.split() for line in _MEMINFO.read_text().splitlines())
    return next((int(line[1]) * 1024 for line in lines if line[0] == "MemAvailable:"), None)


def _cgroup_free() -> int | None:
    """Bytes that are left of a container's limit."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return None
    return int(limit) - used if limit.isdigit() else None
