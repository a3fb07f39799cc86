"""One call of a pipeline: the pictures of a batch in every forward pass."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image as Images
from PIL.Image import Image
from torch import Tensor

from discord_diffusion.worker.generation import PhaseSeconds, Preview
from discord_diffusion.worker.pipeline.batch import Drawn, PictureOrder
from discord_diffusion.worker.pipeline.compiled import fill
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel, supported
from discord_diffusion.worker.pipeline.sizes import asked_size, drawn_shape, drawn_size
from discord_diffusion.worker.pipeline.sketches import clean_estimate
from discord_diffusion.worker.pipeline.source_images import centre, fitted

StepEnded = Callable[[int, int, Preview | None], None]
"""As `OnStep`, of one call of the pipeline."""


def draw(
    model: LoadedModel, orders: Sequence[PictureOrder], step_ended: StepEnded
) -> tuple[list[Drawn], PhaseSeconds]:
    """Draw pictures that agree in everything but prompt, seed and source.

    Raises `UnsupportedJobError`, what `step_ended` raises, and whatever the libraries do.
    """
    first = orders[0].parameters
    pipe = model.image_to_image if first.source else model.text_to_image
    pipe.scheduler = model.scheduler(first.scheduler)
    count = fill(len(orders), model.prepared.get(drawn_shape(model, orders[0]), ()))
    filled = [*orders, *[orders[-1]] * (count - len(orders))]
    watch = _Watch(model, orders, step_ended)
    arguments = _arguments(model, filled) | {"callback_on_step_end": watch.step_ended}
    with torch.inference_mode():
        images = pipe(**supported(pipe, arguments)).images[: len(orders)]
    drawn = _pictures(model, orders, images)
    return drawn, watch.seconds()


def _arguments(model: LoadedModel, orders: Sequence[PictureOrder]) -> dict[str, Any]:
    each = [order.parameters for order in orders]
    first = each[0]
    width, height = drawn_size(model, orders[0])
    arguments: dict[str, Any] = {
        "prompt": [one.prompt for one in each],
        "negative_prompt": [one.negative_prompt for one in each] if first.negative_prompt else None,
        "num_inference_steps": first.steps,
        "guidance_scale": first.guidance,
        "width": width,
        "height": height,
        # On the CPU whatever the device: the same noise everywhere, in any batch.
        "generator": [torch.Generator("cpu").manual_seed(order.seed) for order in orders],
        "output_type": "pt",
    }
    if first.source:
        strength = first.source.strength
        arguments |= {
            "image": [_source(order, width, height) for order in orders],
            "strength": strength,
            # Of which the pipeline does the share `strength`, at least one.
            "num_inference_steps": max(first.steps, math.ceil(1 / strength)),
        }
    return arguments


def _source(order: PictureOrder, width: int, height: int) -> Image:
    if order.asked.source is None:
        raise ValueError("parameters.source is there, but not its picture")
    return fitted(order.asked.source, width, height)


def _pictures(model: LoadedModel, orders: Sequence[PictureOrder], images: Tensor) -> list[Drawn]:
    """To 8 bits, cut to the size that was asked for; blank ones and flagged ones left out."""
    flat = images.flatten(1)
    good = (flat.isfinite().all(1) & (flat > 0).any(1)).tolist()
    pixels = (images.clamp(0, 1).nan_to_num() * 255).round().byte()
    asked = asked_size(orders[0])
    drawn = [
        centre(Images.fromarray(one.numpy()), asked) for one in pixels.permute(0, 2, 3, 1).cpu()
    ]
    checked = [
        place for place, order in enumerate(orders) if good[place] and order.asked.safety_check
    ]
    flags = dict(zip(checked, model.safety.flags([drawn[place] for place in checked]), strict=True))
    return [
        Drawn(image if good[place] and not flags.get(place) else None, flags.get(place, False))
        for place, image in enumerate(drawn)
    ]


class _Watch:
    """Times the phases of one call by the ends of its steps, and offers previews."""

    def __init__(
        self, model: LoadedModel, orders: Sequence[PictureOrder], step_ended: StepEnded
    ) -> None:
        self._model = model
        self._orders = orders
        self._tell = step_ended
        self._pace = _Pace(model.device)
        self._started = time.perf_counter()
        self._step_ends: list[float] = []

    def step_ended(
        self, pipe: Any, step: int, _timestep: object, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        """What pipelines call `callback_on_step_end`."""
        self._pace.step_ended()
        self._step_ends.append(time.perf_counter())
        sketcher = self._model.decoder.sketcher
        preview = (
            (lambda place: self._preview(pipe, tensors["latents"], place))
            if (sketcher.ready)
            else None
        )
        self._tell(step + 1, pipe.num_timesteps, preview)
        return {}

    def seconds(self) -> PhaseSeconds:
        """To be asked when the pictures are there."""
        now = time.perf_counter()
        first, last = (self._step_ends or [now])[0], (self._step_ends or [now])[-1]
        return PhaseSeconds(first - self._started, last - first, now - last)

    def _preview(self, pipe: Any, latents: Tensor, request: int) -> Image | None:
        places = [place for place, one in enumerate(self._orders) if one.request == request]
        if not places:
            return None
        if self._model.safety.present and self._orders[places[0]].asked.safety_check:
            return None  # nobody has checked what it shows
        chosen = clean_estimate(pipe.scheduler, latents)[places]
        if chosen.dim() == 3:  # FLUX packs squares of latents into rows
            width, height = drawn_size(self._model, self._orders[0])
            chosen = pipe._unpack_latents(chosen, height, width, pipe.vae_scale_factor)
        decoder = self._model.decoder
        return decoder.sketcher.sketch(decoder.unscaled(chosen))


class _Pace:
    """Lets the CPU be one step ahead of a GPU, no more: steps are told of when they are done."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before: torch.cuda.Event | None = None

    def step_ended(self) -> None:
        """Wait for the step before this one."""
        if self._device.type != "cuda":
            return
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        if self._before is not None:
            self._before.synchronize()
        self._before = event
