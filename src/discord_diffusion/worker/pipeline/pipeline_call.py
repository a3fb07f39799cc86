"""One call of a diffusers pipeline: all pictures of a batch in every forward pass."""

import inspect
import math
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from discord_diffusion.worker.errors import OptionRefusedError
from discord_diffusion.worker.pipeline import interface, prompt_chunks
from discord_diffusion.worker.pipeline.batch import BatchItem, DrawnPicture
from discord_diffusion.worker.pipeline.inpainting import Canvas, LatentBlend, canvas
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.step_monitor import StepMonitor
from discord_diffusion.worker.pipeline_types import (
    GenerationRequest,
    OnStep,
    PhaseSeconds,
)


def draw(
    model: LoadedModel, items: Sequence[BatchItem], on_step: OnStep
) -> tuple[list[DrawnPicture], PhaseSeconds]:
    """Draw items that agree in everything but prompt, seed and source image.

    With a model that edits, items with source images belong to one request. A pipeline that reports
    no steps reports the last one when it is done.

    Raises `UnsupportedJobError`, what `on_step` raises, and whatever the libraries raise.
    """
    first = items[0].parameters
    if model.needs_source and not first.source:
        raise OptionRefusedError(f"{model.name} only edits pictures: a source image is needed")
    model.loras.use(first.loras)
    inpaint = bool(first.source and first.source.keeps_part)
    pipe = model.text_to_image
    if first.source:
        pipe = model.inpainting if inpaint else model.image_to_image
    size = model.supported_size(*items[0].size)
    count = model.padded_count(len(items), size, first.guidance)
    padded = [*items, *[items[-1]] * (count - len(items))]
    accepted = interface.parameters(type(pipe))
    arguments = _arguments(padded, size) | _guidance(padded, accepted)
    canvases: list[Canvas] = []
    if inpaint:
        cell = interface.scale_factor(pipe)
        canvases = [canvas(item.request, size, cell) for item in padded]
        arguments |= {
            "image": [one.image for one in canvases],
            "mask_image": [one.mask for one in canvases],
        }
    elif model.edits and first.source:
        arguments |= _edit(padded, size)
    steps = arguments["num_inference_steps"]
    interface.set_scheduler(pipe, model.scheduler(first.scheduler), steps)
    if first.source and "original_inference_steps" in accepted:
        # LCM's own pipeline draws every step, all within the share `strength` of the original ones.
        most = int(
            pipe.scheduler.config.get("original_inference_steps", steps) * first.source.strength
        )
        arguments["num_inference_steps"] = steps = min(steps, max(1, most))
    arguments |= prompt_chunks.arguments(pipe, padded)
    monitor = StepMonitor(model, items, size, pipe, steps, on_step)
    if canvases and "mask_image" not in accepted:
        with torch.inference_mode():
            monitor.blend = LatentBlend(pipe, canvases, [item.seed for item in padded])
    arguments |= monitor.callbacks()
    with torch.inference_mode():
        output = pipe(**{name: value for name, value in arguments.items() if name in accepted})
    monitor.finish(output.images)
    drawn = _drawn_pictures(model, items, output.images[: len(items)], size, canvases)
    return drawn, monitor.phase_seconds()


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
    arguments: dict[str, Any] = {
        "prompt": [item.parameters.drawn_prompt for item in items],
        "num_inference_steps": first.steps,
        "width": size[0],
        "height": size[1],
        # FLUX.1-Kontext draws this many pixels, whatever width and height are.
        "max_area": prod(size),
        # Always on the CPU: so the noise is the same on every device and in any batch.
        "generator": [torch.Generator("cpu").manual_seed(item.seed) for item in items],
        # Of the output types, this one is in 0..1 with every pipeline.
        "output_type": "np",
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


def _guidance(
    items: Sequence[BatchItem], accepted: Mapping[str, inspect.Parameter]
) -> dict[str, Any]:
    """Guidance and negative prompts, if there are any, as the pipeline takes them.

    Two arguments mean guidance by a negative prompt: mostly `guidance_scale`, but where that is the
    strength which a distilled model was given, `true_cfg_scale`. A default above 1 says that a
    family is meant to be drawn with the latter, which needs some negative prompt.
    """
    first = items[0].parameters
    negative = {"negative_prompt": [item.parameters.drawn_negative_prompt for item in items]}
    true_guidance = accepted.get("true_cfg_scale")
    if true_guidance is not None and true_guidance.default > 1:
        prompts = [text or " " for text in negative["negative_prompt"]]
        return {"true_cfg_scale": first.guidance, "negative_prompt": prompts}
    return {"guidance_scale": first.guidance} | (negative if first.drawn_negative_prompt else {})


def _edit(items: Sequence[BatchItem], size: tuple[int, int]) -> dict[str, Any]:
    """What differs when one request's source image is edited by its prompt."""
    first = items[0]
    arguments = {
        "prompt": first.parameters.drawn_prompt,
        "image": fit_source(first.request, size),
        "num_images_per_prompt": len(items),
        "num_inference_steps": first.parameters.steps,
    }
    if negative := first.parameters.drawn_negative_prompt:
        arguments["negative_prompt"] = negative
    return arguments


def _drawn_pictures(
    model: LoadedModel,
    items: Sequence[BatchItem],
    images: NDArray[np.float32],
    size: tuple[int, int],
    canvases: Sequence[Canvas],
) -> list[DrawnPicture]:
    """Convert to 8 bits, bring to the requested size, omit blank and flagged pictures.

    `images` are (pictures, height, width, channels) in 0..1. `size` is what the pipeline was asked
    for; some draw another, in the same proportions. What `canvases` keep, if there are any, is put
    back.
    """
    good = [bool(np.isfinite(image).all() and (image > 0).any()) for image in images]
    bytes_ = (np.nan_to_num(images.clip(0, 1)) * 255).round().astype(np.uint8)
    wanted = items[0].size
    pictures = [
        crop_centre(picture, wanted)
        if picture.size == size
        else ImageOps.fit(picture, wanted, Image.Resampling.LANCZOS)
        for picture in map(Image.fromarray, bytes_)
    ]
    if canvases:
        pictures = [one.finish(drawn) for one, drawn in zip(canvases, pictures, strict=False)]
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
