"""Memory: free bytes, out-of-memory errors, and how many pictures fit into a forward pass."""

import errno
import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

log = logging.getLogger(__name__)

CPU_PICTURES = 8
"""Pictures of the model's own size in a forward pass on a CPU. On two cores eight in a batch are
1.8 times as fast as one by one, and sixteen hardly faster."""
_GPU_RESERVE = 0.1
"""Share of a GPU's memory that is reserved for the allocator's gaps and the decoder."""
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
    readings = [reading for reading in (_machine_free(), _cgroup_free()) if reading is not None]
    return min(readings, default=None)


def peak_bytes(device: torch.device) -> int | None:
    """The most bytes that were allocated since the last call; None if the device is no GPU."""
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


@dataclass(frozen=True)
class GpuMeter:
    """Measures the memory of a GPU, by torch's allocator and the driver."""

    device: torch.device

    def peak(self, work: Callable[[], object]) -> int:
        """The most bytes that were allocated while `work` ran."""
        torch.cuda.reset_peak_memory_stats(self.device)
        work()
        torch.cuda.synchronize(self.device)
        return int(torch.cuda.max_memory_allocated(self.device))

    def budget(self) -> int:
        """Bytes that may be allocated in all: the allocated and the free ones, less a reserve."""
        _free, total = torch.cuda.mem_get_info(self.device)
        free = free_bytes(self.device) or 0
        return int(torch.cuda.memory_allocated(self.device) + free - _GPU_RESERVE * total)


@dataclass
class Capacity:
    """How many pictures go through a model's networks at a time.

    Counted in pixels, since the memory of a picture grows with them.
    """

    pixels: int
    max_pictures: int

    @classmethod
    def on_cpu(cls, native_pixels: int, max_pictures: int) -> "Capacity":
        """The capacity of a CPU, where speed is the limit and not memory."""
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
            "The capacity is measured",
            extra={"bytes_a_picture": each, "pixels": pixels, "pictures": fitting},
        )
        return cls(fitting * pixels, max_pictures)

    def pictures(self, pixels: int) -> int:
        """How many pictures of that many pixels fit; at least one."""
        return max(1, min(self.max_pictures, self.pixels // pixels))

    def reduce(self, pictures: int, pixels: int) -> None:
        """Allow half as many pictures from now on: this many, of so many pixels, did not fit."""
        self.pixels = min(self.pixels, max(1, pictures // 2) * pixels)


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
