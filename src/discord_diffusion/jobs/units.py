"""The work that a job gives the GPU, what it costs in units, and its refund. Pure.

A unit is one picture with the deployment's default size, steps and guidance. Costs are kept in
hundredths of a unit, so that whole numbers are added and compared. `make bench-units` compares the
formula with measured seconds: docs/decisions/1004.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import GenerationParameters

HUNDREDTHS = 100
"""Hundredths of a unit in a unit."""

UNUSABLE_SOURCE = 25
"""Hundredths of a unit that a job costs whose source image can't be used: docs/decisions/1008."""

_TWO_CALLS = frozenset(
    {
        *("HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler"),
        *("FlowMatchHeunDiscreteScheduler", "DPMSolverSDEScheduler"),
    }
)
"""Schedulers of the second order: they call the denoiser twice in each step but the last."""
_TWICE_AS_DEAR = 1_000_000
"""Pixels of a picture each of which takes twice as long as one of a small picture: attention grows
with their square."""


@dataclass(frozen=True)
class Tariff:
    """What jobs cost in one deployment; `pixels`, `steps` and `guidance` are its defaults.

    `scheduler` is that of the default model; None is the one in its folder.
    """

    pixels: int
    steps: int
    guidance: float
    scheduler: str | None = None
    models: Mapping[str, ModelSpec] = field(default_factory=dict)

    def cost(self, parameters: GenerationParameters) -> int:
        """Hundredths of units of a job, rounded up, at least 1."""
        spec = self.models.get(parameters.model) if parameters.model else None
        scheduler = parameters.scheduler or (spec.scheduler if spec else self.scheduler)
        width, height = parameters.finished_size
        steps, coded = parameters.steps, 1
        if source := parameters.source:
            steps = drawn_steps(steps, source.strength)
            # Inpainting encodes the picture once more, without what is drawn anew.
            coded = 3 if source.keeps_part else 2
        pictures = parameters.images * _pass(width * height)
        work = self._work(_calls(steps, scheduler), parameters.guidance, pictures, coded)
        times_as_slow = (spec and spec.relative_cost) or 1
        return max(1, math.ceil(HUNDREDTHS * work * times_as_slow / self._unit))

    @cached_property
    def _unit(self) -> int:
        """The work of one unit."""
        calls = _calls(self.steps, self.scheduler)
        return self._work(calls, self.guidance, _pass(self.pixels), 1)

    def _work(self, calls: int, guidance: float, pictures: int, coded: int) -> int:
        """The time of calls of the denoiser, each of one or two passes over all pictures.

        A call takes time however small its pictures are: as much as two passes over a picture of
        the default size. `coded` is how often the pictures are decoded or encoded, which is counted
        like a pass.
        """
        default = _pass(self.pixels)
        passes = 2 if guidance > 1 else 1
        return calls * (passes * pictures + 2 * default) + coded * pictures + default


def drawn_steps(steps: int, strength: float) -> int:
    """How many of the steps are drawn of a picture that begins from a source image.

    The pipeline draws the share `strength` of them, rounded down, and one at least.
    """
    return max(1, int(max(steps, math.ceil(1 / strength)) * strength))


def refund(cost: int, *, images: int, charged: int) -> int:
    """What to give back of a cost when a job of `images` pictures ends, `charged` of them paid."""
    return cost * max(0, images - charged) // images


def _pass(pixels: int) -> int:
    """The time of one pass of the denoiser over a picture."""
    return pixels + pixels * pixels // _TWICE_AS_DEAR


def _calls(steps: int, scheduler: str | None) -> int:
    """How often the denoiser is called; None is a scheduler that calls it once a step."""
    if scheduler in _TWO_CALLS:
        return 2 * steps - 1
    # Stable Diffusion's PNDM repeats its second call.
    return steps + (scheduler == "PNDMScheduler" and steps > 1)
