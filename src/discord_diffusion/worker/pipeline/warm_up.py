"""The first drawings with a model: they prove that it draws, measure its capacity, and compile.

A model may load and draw nothing: half precision overflows in some. Then its networks are changed
to fp32, the autoencoder first.
"""

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass

from PIL import Image

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.settings.worker import PipelineSettings
from discord_diffusion.worker.errors import BlankPictureError
from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline.batch import list_items
from discord_diffusion.worker.pipeline.capacity import Capacity, GpuMeter, Limits
from discord_diffusion.worker.pipeline.device_loss import raise_if_lost
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.pipeline_call import draw
from discord_diffusion.worker.pipeline_types import GenerationRequest, OnStep, Preview

log = logging.getLogger(__name__)

_STEPS = 2
"""Some schedulers cannot draw in one step."""
_USUAL_GUIDANCE = 7.5


def _ignore(_done: int, _steps: int, _preview: Preview | None) -> None:
    """Does nothing after a step."""


@dataclass(frozen=True)
class WarmUp:
    """Draws trial pictures with one model at the usual size."""

    model: LoadedModel
    settings: PipelineSettings

    def measure(self) -> Capacity:
        """How many pictures fit, in the first precision in which the model draws any.

        Raises:
            BlankPictureError: it draws none in full precision, either.
        """
        while True:
            try:
                return self._measure()
            except BlankPictureError:
                raised = self.model.raise_precision()
                if raised is None:
                    raise
                log.warning("The model draws nothing: its precision is raised", extra=raised)

    def compile(self, capacity: Capacity) -> None:
        """Compile for one picture and for each doubling up to a full batch.

        Slower pictures are better than none: what does not compile runs uncompiled.
        """
        if not self.model.compilations:
            return
        width, height = self._size()
        most = capacity.pictures(width * height)
        for count in sorted({*(count for count in (1, 2, 4, 8, 16, 32) if count < most), most}):
            started = time.perf_counter()
            try:
                with ExitStack() as stack:
                    for compilation in self.model.compilations:
                        stack.enter_context(compilation.compiling())
                    self.draw(count)
            except Exception as error:  # noqa: BLE001 - compilers raise many classes
                raise_if_lost(self.model.device, error)
                memory.release(self.model.device)
                if memory.is_out_of_memory(error) and count > 1:
                    capacity.reduce(count, width * height)
                else:
                    reason = f"{type(error).__name__}: {error}"
                    log.warning("The networks run uncompiled", extra={"reason": reason})
                    for compilation in self.model.compilations:
                        compilation.stop_compiled_code()
                return
            if not all(compilation.any_shape for compilation in self.model.compilations):
                guidance = _usual_guidance(self.model.spec)
                self.model.add_compiled_count(count, (width, height), guidance)
            seconds = round(time.perf_counter() - started, 2)
            log.info("The networks are compiled", extra={"pictures": count, "seconds": seconds})

    def draw(self, count: int, on_step: OnStep = _ignore) -> None:
        """Draw so many pictures in a few steps.

        Raises:
            BlankPictureError: all of them are black or no numbers.
        """
        width, height = self._size()
        parameters = GenerationParameters(
            prompt="warm-up",
            seed=0,
            steps=_STEPS,
            guidance=_usual_guidance(self.model.spec),
            width=width,
            height=height,
            images=count,
            source=SourceImage("", strength=1.0) if self.model.needs_source else None,
        )
        grey = Image.new("RGB", (width, height), "grey")
        request = GenerationRequest(parameters, False, grey if parameters.source else None)
        with self.model.decoder.trial():
            drawn, _seconds = draw(self.model, list_items([request]), on_step)
        if all(picture.image is None for picture in drawn):
            raise BlankPictureError(f"the {count} pictures of the warm-up are black or no numbers")

    def _measure(self) -> Capacity:
        settings, device = self.settings, self.model.device
        width, height = self._size()
        if device.type != "cuda":
            self.draw(1)
            return Capacity.on_cpu(width * height, settings.max_batch)
        limits = Limits(
            pixels=width * height,
            steps=self.model.spec.steps or settings.usual_steps,
            pictures=settings.max_batch,
            seconds=settings.longest_batch_seconds,
        )
        return Capacity.measured(GpuMeter(device), self.draw, limits)

    def _size(self) -> tuple[int, int]:
        width, height = self.model.native_size
        return self.settings.usual_width or width, self.settings.usual_height or height


def _usual_guidance(spec: ModelSpec) -> float:
    return _USUAL_GUIDANCE if spec.guidance is None else spec.guidance
