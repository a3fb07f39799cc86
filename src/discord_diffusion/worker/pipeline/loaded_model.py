"""One model on its device."""

import inspect
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import UnsupportedJobError
from discord_diffusion.worker.generation import ModelInfo
from discord_diffusion.worker.pipeline import schedulers
from discord_diffusion.worker.pipeline.compiled import ShapeChoice
from discord_diffusion.worker.pipeline.decoding import Decoder
from discord_diffusion.worker.pipeline.optimizations import denoiser
from discord_diffusion.worker.pipeline.safety_checker import SafetyChecker

_PATCH = 2
"""Transformers take latents in squares of this side."""


class LoadedModel:
    """A text-to-image pipeline, and image-to-image from the same weights."""

    def __init__(
        self, pipe: Any, name: str, spec: ModelSpec, shapes: Sequence[ShapeChoice] = ()
    ) -> None:
        self.text_to_image = pipe
        self.name = name
        self.spec = spec
        self.shapes = shapes
        self.prepared: dict[tuple[int, int, bool], list[int]] = {}
        """Batches that are compiled, by width, height and whether there is guidance."""
        self.own_scheduler = pipe.scheduler
        self.decoder = Decoder(pipe.vae)
        self.safety = SafetyChecker(pipe)
        pipe.set_progress_bar_config(disable=True)

    @cached_property
    def image_to_image(self) -> Any:
        """Shares every network with `text_to_image`; `UnsupportedJobError` if there is none."""
        from diffusers import AutoPipelineForImage2Image  # takes a while, and few jobs need it

        try:
            pipe = AutoPipelineForImage2Image.from_pipe(self.text_to_image)
        except ValueError as error:
            raise UnsupportedJobError(f"{self.name} cannot begin from a picture") from error
        pipe.set_progress_bar_config(disable=True)
        return pipe

    @property
    def device(self) -> torch.device:
        """Where the denoiser is."""
        device: torch.device = denoiser(self.text_to_image).device
        return device

    def info(self, scheduler: str | None = None) -> ModelInfo:
        """What is named beside a picture."""
        chosen = scheduler or type(self.own_scheduler).__name__
        return ModelInfo(self.name, chosen, str(self.device))

    def scheduler(self, name: str | None) -> Any:
        """A scheduler in its first state."""
        return schedulers.for_job(name, self.own_scheduler)

    @cached_property
    def multiple(self) -> int:
        """What a side has to be a multiple of, in pixels."""
        pipe = self.text_to_image
        factor: int = getattr(pipe, "vae_scale_factor", 8)
        return max(8, factor * (_PATCH if hasattr(pipe, "transformer") else 1))

    @cached_property
    def native_size(self) -> tuple[int, int]:
        """Width and height that the model draws when it is not told."""
        pipe = self.text_to_image
        network = denoiser(pipe)
        side = getattr(pipe, "default_sample_size", None) or network.config.get("sample_size") or 64
        height, width = (side, side) if isinstance(side, int) else side
        return width * pipe.vae_scale_factor, height * pipe.vae_scale_factor


def supported(pipe: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Leave out what this model's pipeline has no argument for."""
    accepted = inspect.signature(pipe.__call__).parameters
    return {name: value for name, value in arguments.items() if name in accepted}
