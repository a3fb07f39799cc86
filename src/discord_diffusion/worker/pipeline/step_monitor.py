"""Follows one call of a pipeline: the times of its phases, its steps, and previews of them."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from discord_diffusion.worker.pipeline.batch import BatchItem
from discord_diffusion.worker.pipeline.inpainting import LatentBlend
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline_types import OnStep, PhaseSeconds, Preview


class StepMonitor:
    """Times the phases of one call by the ends of its steps, and offers previews."""

    def __init__(
        self,
        model: LoadedModel,
        items: Sequence[BatchItem],
        size: tuple[int, int],
        pipe: Any,
        steps: int,
        on_step: OnStep,
    ) -> None:
        self._model = model
        self._items = items
        self._size = size
        self._pipe = pipe
        self._steps = steps
        self._on_step = on_step
        self.blend: LatentBlend | None = None
        """Changes the latents after each step, if there is one."""
        self._latents: Tensor | None = None
        self._started = time.perf_counter()
        self._step_ends: list[float] = []
        # diffusers looks at every module of the networks to say where they run.
        self._runs_ahead = model.device.type == "cuda"
        self._previous_step: torch.cuda.Event | None = None

    def callbacks(self) -> dict[str, Any]:
        """The arguments by which pipelines report steps; older ones take the second."""
        return {
            "callback_on_step_end": self._step_ended,
            "callback": lambda step, _timestep, latents: self._report(self._pipe, step, latents),
            "callback_steps": 1,
        }

    def finish(self, images: NDArray[np.float32]) -> None:
        """Fit the sketcher to the finished pictures; report the end if no step was reported.

        `images` are (pictures, height, width, 3) in 0..1, the items' own first.
        """
        if not self._step_ends:
            self._report(self._pipe, self._steps - 1, None)
        if self._latents is not None:
            own = slice(len(self._items))
            channels_first = torch.from_numpy(images[own]).permute(0, 3, 1, 2)
            self._model.sketcher.fit(self._latents[own], channels_first)

    def phase_seconds(self) -> PhaseSeconds:
        """The times of the phases; call it when the pictures are drawn."""
        now = time.perf_counter()
        first, last = (self._step_ends or [now])[0], (self._step_ends or [now])[-1]
        return PhaseSeconds(first - self._started, last - first, now - last)

    def _step_ended(
        self, pipe: Any, step: int, timestep: object, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        self._report(pipe, step, tensors["latents"])
        if self.blend is None:
            return {}
        return {"latents": self.blend.after_step(pipe, timestep, tensors["latents"])}

    def _report(self, pipe: Any, step: int, latents: Tensor | None) -> None:
        self._wait_for_previous_step()
        self._step_ends.append(time.perf_counter())
        self._latents = latents
        preview: Preview | None = None
        if latents is not None and self._model.sketcher.ready:
            preview = partial(self._sketch, pipe, latents)
        self._on_step(step + 1, getattr(pipe, "num_timesteps", self._steps), preview)

    def _wait_for_previous_step(self) -> None:
        """Keep the CPU at most one step ahead of a GPU, so that reported steps are done."""
        if not self._runs_ahead:
            return
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        if self._previous_step is not None:
            self._previous_step.synchronize()
        self._previous_step = event

    def _sketch(self, pipe: Any, latents: Tensor, request_index: int) -> Image.Image | None:
        places = [
            place for place, item in enumerate(self._items) if item.request_index == request_index
        ]
        if not places:
            return None
        if self._model.safety_checker and self._items[places[0]].request.safety_check:
            return None  # the safety checker has not seen the sketch
        return self._model.sketcher.sketch(pipe.scheduler, latents, places, self._size)
