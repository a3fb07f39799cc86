"""How many pictures go through the networks at a time: as many as fit, no more than is fast."""

import logging
from collections.abc import Callable
from typing import Protocol

import torch

from discord_diffusion.worker.pipeline import memory

log = logging.getLogger(__name__)

CPU_PICTURES = 8
"""Of the model's own size. On two cores eight in a batch are 1.8 times as fast as one by one, and
sixteen hardly faster."""
_RESERVE = 0.1
"""Share of a GPU's memory that is left to the allocator's gaps and to the decoder."""


class Meter(Protocol):
    """Measures memory of a device."""

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes that were allocated at most while `work` ran."""

    def budget(self) -> int:
        """Bytes that may be allocated at most."""


class CudaMeter:
    """Asks torch's allocator and the driver."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes that were allocated at most while `work` ran."""
        torch.cuda.reset_peak_memory_stats(self._device)
        work()
        torch.cuda.synchronize(self._device)
        return int(torch.cuda.max_memory_allocated(self._device))

    def budget(self) -> int:
        """What is allocated and what is free, less a reserve."""
        _free, total = torch.cuda.mem_get_info(self._device)
        free = memory.free_bytes(self._device) or 0
        return int(torch.cuda.memory_allocated(self._device) + free - _RESERVE * total)


class Capacity:
    """Counts in pixels, since what a picture takes grows with them."""

    def __init__(self, pixels: int, most: int) -> None:
        self._pixels = pixels
        self._most = most

    @classmethod
    def on_cpu(cls, native_pixels: int, most: int) -> "Capacity":
        """By speed: memory is not what runs out first."""
        return cls(CPU_PICTURES * native_pixels, most)

    @classmethod
    def measured(
        cls, meter: Meter, draw: Callable[[int], object], pixels: int, most: int
    ) -> "Capacity":
        """Draw one and two pictures of that many pixels, and see what the second one took."""
        one = meter.peak(lambda: draw(1))
        try:
            two = meter.peak(lambda: draw(2))
        except Exception as error:
            if not memory.is_out_of_memory(error):
                raise
            return cls(pixels, most)
        each = max(two - one, 1)
        fitting = 1 + max(0, meter.budget() - one) // each
        log.info(
            "Capacity measured",
            extra={"bytes_a_picture": each, "pixels": pixels, "pictures": fitting},
        )
        return cls(fitting * pixels, most)

    def of(self, pixels: int) -> int:
        """How many pictures of that many pixels, at least one."""
        return max(1, min(self._most, self._pixels // pixels))

    def too_much(self, pictures: int, pixels: int) -> None:
        """So many were too many: from now on half as many."""
        self._pixels = min(self._pixels, max(1, pictures // 2) * pixels)
