"""One call of a diffusers pipeline: all pictures of a batch in every forward pass."""

import inspect
import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from PIL import Image, ImageOps
from torch import Tensor

from discord_diffusion.worker.pipeline.batch import BatchItem, DrawnPicture
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline_types import (
    GenerationRequest,
    OnStep,
    PhaseSeconds,
    Preview,
)


def draw(
    model: LoadedModel, items: Sequence[BatchItem], on_step: OnStep
) -> tuple[list[DrawnPicture], PhaseSeconds]:
    """Draw items that agree in everything but prompt, seed and source image.

    Raises `UnsupportedJobError`, what `on_step` raises, and whatever the libraries raise.
    """
    first = items[0].parameters
    pipe = model.image_to_image if first.source else model.text_to_image
    pipe.scheduler = model.scheduler(first.scheduler)
    size = model.supported_size(*items[0].size)
    count = model.padded_count(len(items), size, first.guidance)
    padded = [*items, *[items[-1]] * (count - len(items))]
    monitor = _StepMonitor(model, items, on_step)
    arguments = _arguments(padded, size) | {"callback_on_step_end": monitor.step_ended}
    accepted = inspect.signature(pipe.__call__).parameters
    with torch.inference_mode():
        output = pipe(**{name: value for name, value in arguments.items() if name in accepted})
    images = output.images[: len(items)]
    drawn = _drawn_pictures(model, items, images)
    seconds = monitor.phase_seconds()
    model.sketcher.fit(monitor.last_latents(), images)
    return drawn, seconds


def fit_source(request: GenerationRequest, size: tuple[int, int]) -> Image.Image:
    """The source image in that size: cropped to its proportions, on white where transparent."""
    source = request.source
    if source is None:
        raise ValueError("the request has parameters.source, but no source image")
    if source.mode in ("RGBA", "LA", "P"):
        layer = source.convert("RGBA")
        source = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return ImageOps.fit(source.convert("RGB"), size, Image.Resampling.LANCZOS)


def crop_centre(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of a picture that is of that size or a little larger."""
    left, top = ((have - want) // 2 for have, want in zip(image.size, size, strict=True))
    return image.crop((left, top, left + size[0], top + size[1]))


def _arguments(items: Sequence[BatchItem], size: tuple[int, int]) -> dict[str, Any]:
    """Arguments for the pipeline; not every family of models accepts all of them."""
    first = items[0].parameters
    negative_prompts = [item.parameters.negative_prompt for item in items]
    arguments: dict[str, Any] = {
        "prompt": [item.parameters.prompt for item in items],
        "negative_prompt": negative_prompts if first.negative_prompt else None,
        "num_inference_steps": first.steps,
        "guidance_scale": first.guidance,
        "width": size[0],
        "height": size[1],
        # Always on the CPU: so the noise is the same on every device and in any batch.
        "generator": [torch.Generator("cpu").manual_seed(item.seed) for item in items],
        "output_type": "pt",
    }
    if first.source:
        strength = first.source.strength
        arguments |= {
            "image": [fit_source(item.request, size) for item in items],
            "strength": strength,
            # The pipeline runs the share `strength` of these steps; it must run one at least.
            "num_inference_steps": max(first.steps, math.ceil(1 / strength)),
        }
    return arguments


def _drawn_pictures(
    model: LoadedModel, items: Sequence[BatchItem], images: Tensor
) -> list[DrawnPicture]:
    """Convert to 8 bits, crop to the requested size, omit blank and flagged pictures.

    `images` are (pictures, channels, height, width) in 0..1.
    """
    flat = images.flatten(1)
    good = (flat.isfinite().all(1) & (flat > 0).any(1)).tolist()
    pixels = (images.clamp(0, 1).nan_to_num() * 255).round().byte().permute(0, 2, 3, 1).cpu()
    pictures = [crop_centre(Image.fromarray(image.numpy()), items[0].size) for image in pixels]
    checker = model.safety_checker
    checked = [
        place
        for place, item in enumerate(items)
        if checker and good[place] and item.request.safety_check
    ]
    verdicts = checker.flags([pictures[place] for place in checked]) if checker else []
    flagged = {place for place, flag in zip(checked, verdicts, strict=True) if flag}
    return [
        DrawnPicture(image if good[place] and place not in flagged else None, place in flagged)
        for place, image in enumerate(pictures)
    ]


class _StepMonitor:
    """Times the phases of one call by the ends of its steps, and offers previews."""

    def __init__(self, model: LoadedModel, items: Sequence[BatchItem], on_step: OnStep) -> None:
        self._model = model
        self._items = items
        self._on_step = on_step
        self._started = time.perf_counter()
        self._step_ends: list[float] = []
        self._previous_step: torch.cuda.Event | None = None
        self._latents: Tensor | None = None

    def step_ended(
        self, pipe: Any, step: int, _timestep: object, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        """The `callback_on_step_end` of the pipeline."""
        self._wait_for_previous_step()
        self._step_ends.append(time.perf_counter())
        self._latents = tensors.get("latents")
        preview: Preview | None = None
        if self._latents is not None and self._model.sketcher.ready:
            preview = partial(self._sketch, pipe, self._latents)
        self._on_step(step + 1, pipe.num_timesteps, preview)
        return {}

    def last_latents(self) -> Tensor | None:
        """The latents of the last step, of the items alone; None if the pipeline has no steps."""
        return None if self._latents is None else self._latents[: len(self._items)]

    def phase_seconds(self) -> PhaseSeconds:
        """The times of the phases; call it when the pictures are drawn."""
        now = time.perf_counter()
        first, last = (self._step_ends or [now])[0], (self._step_ends or [now])[-1]
        return PhaseSeconds(first - self._started, last - first, now - last)

    def _wait_for_previous_step(self) -> None:
        """Keep the CPU at most one step ahead of a GPU, so that reported steps are done."""
        if self._model.device.type != "cuda":
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
        size = self._model.supported_size(*self._items[0].size)
        return self._model.sketcher.sketch(pipe.scheduler, latents, places, size)
