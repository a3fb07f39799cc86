"""How many pictures go through a model's networks at a time: measured by trials on a GPU.

More pictures at a time are worth their wait only while they make each of them faster, and only if
they fit into memory. So the trials double as long as a picture's step gets faster, as memory
allows, and as a batch stays short enough to be finished by a worker that is told to stop.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline_types import OnStep, Preview

log = logging.getLogger(__name__)

CPU_PICTURES = 8
"""Pictures of the model's own size in a forward pass on a CPU. On two cores eight in a batch are
1.8 times as fast as one by one, and sixteen hardly faster."""
_GPU_RESERVE = 0.1
"""Share of a GPU's memory that is reserved for the allocator's gaps."""
_LEAST_GAIN = 0.05
"""By which share a picture's step has to get faster for a batch of twice the size: less is not
worth that each user waits for the pictures of the others."""

Draw = Callable[[int, OnStep], object]
"""Draws so many pictures of the usual size in a few steps."""


@dataclass(frozen=True)
class Trial:
    """What a first drawing of some pictures took."""

    pictures: int
    step_seconds: float
    """One step of the denoiser, for all pictures."""
    denoiser_bytes: int
    """The most bytes that were allocated until the last step, the weights included."""
    decoder_bytes: int
    """The most after it. A decoder takes a few pictures at a time, so that it grows otherwise."""

    @property
    def seconds(self) -> float:
        """One step of the denoiser, for one picture."""
        return self.step_seconds / self.pictures


@dataclass(frozen=True)
class GpuMeter:
    """Tries out how much memory and time pictures take on a GPU."""

    device: torch.device
    clock: Callable[[], float] = time.perf_counter

    def trial(self, pictures: int, draw: Draw) -> Trial:
        """Draw, and measure each part by itself.

        The first step counts for memory alone: cuDNN tries its algorithms in it.
        """
        ended = [self.clock()]
        denoiser = 0

        def step_ended(done: int, steps: int, _preview: Preview | None) -> None:
            nonlocal denoiser
            torch.cuda.synchronize(self.device)
            ended.append(self.clock())
            if done == steps:
                denoiser = int(torch.cuda.max_memory_allocated(self.device))
                torch.cuda.reset_peak_memory_stats(self.device)

        torch.cuda.reset_peak_memory_stats(self.device)
        draw(pictures, step_ended)
        torch.cuda.synchronize(self.device)
        decoder = int(torch.cuda.max_memory_allocated(self.device))
        if len(ended) == 1:  # a pipeline that reports no steps
            return Trial(pictures, self.clock() - ended[0], decoder, decoder)
        first, *others = ended if len(ended) == 2 else ended[1:]
        return Trial(pictures, (others[-1] - first) / len(others), denoiser, decoder)

    def budget(self) -> int:
        """Bytes that may be allocated in all: the allocated and the free ones, less a reserve."""
        _free, total = torch.cuda.mem_get_info(self.device)
        free = memory.free_bytes(self.device) or 0
        return int(torch.cuda.memory_allocated(self.device) + free - _GPU_RESERVE * total)


@dataclass(frozen=True)
class Limits:
    """What a batch of usual pictures may be at most."""

    pixels: int
    """Width times height of a usual picture."""
    steps: int
    """Steps of a usual picture."""
    pictures: int
    seconds: float


@dataclass
class Capacity:
    """How many pictures go through a model's networks at a time.

    Counted in pixels, since the memory and the time of a picture grow with them.
    """

    pixels: int
    max_pictures: int
    pixel_steps: float | None = None
    """Pixels times steps that a batch may take; None: as many as its pixels."""

    @classmethod
    def on_cpu(cls, native_pixels: int, max_pictures: int) -> "Capacity":
        """The capacity of a CPU: memory is no limit there, and the gain of more is known."""
        return cls(CPU_PICTURES * native_pixels, max_pictures)

    @classmethod
    def measured(cls, meter: GpuMeter, draw: Draw, limits: Limits) -> "Capacity":
        """Draw one picture, two, four and so on, as long as that is worth it."""
        before, best = None, meter.trial(1, draw)
        while (count := _next_count(before, best, meter, limits)) > best.pictures:
            try:
                trial = meter.trial(count, draw)
            except Exception as error:
                if not memory.is_out_of_memory(error):
                    raise
                memory.release(meter.device)
                break
            if trial.seconds > (1 - _LEAST_GAIN) * best.seconds:
                break
            before, best = best, trial
            if count < 2 * before.pictures:
                break  # that was as many as memory and time allow
        log.info(
            "The capacity is measured",
            extra={
                "pictures": best.pictures,
                "pixels": limits.pixels,
                "step_seconds": round(best.seconds, 4),
                "denoiser_bytes": best.denoiser_bytes,
                "decoder_bytes": best.decoder_bytes,
            },
        )
        pixel_steps = limits.seconds * limits.pixels / best.seconds
        return cls(best.pictures * limits.pixels, limits.pictures, pixel_steps)

    def pictures(self, pixels: int) -> int:
        """How many pictures of that many pixels go through the networks at a time; at least one."""
        return max(1, min(self.max_pictures, self.pixels // pixels))

    def batch(self, pixels: int, steps: int) -> int:
        """How many such pictures jobs may have that are drawn together; at least one.

        A batch that takes longer than a stopping worker has would be given back.
        """
        most = self.pictures(pixels)
        if self.pixel_steps is not None:
            most = min(most, int(self.pixel_steps / (pixels * steps)))
        return max(1, most)

    def reduce(self, pictures: int, pixels: int) -> None:
        """Allow half as many pictures from now on: this many, of so many pixels, did not fit."""
        self.pixels = min(self.pixels, max(1, pictures // 2) * pixels)


def _next_count(before: Trial | None, best: Trial, meter: GpuMeter, limits: Limits) -> int:
    """The pictures of the next trial: twice as many, or as many as memory and time allow."""
    in_time = int(limits.seconds / (best.seconds * limits.steps))
    return min(2 * best.pictures, limits.pictures, in_time, _fitting(before, best, meter.budget()))


def _fitting(before: Trial | None, best: Trial, budget: int) -> int:
    """How many pictures fit, by what the last trials took; no limit is known after the first."""
    if before is None:
        return 2
    more = best.pictures - before.pictures
    parts = (
        (before.denoiser_bytes, best.denoiser_bytes),
        (before.decoder_bytes, best.decoder_bytes),
    )
    return best.pictures + min(
        max(0, budget - now) * more // max(now - then, 1) for then, now in parts
    )
