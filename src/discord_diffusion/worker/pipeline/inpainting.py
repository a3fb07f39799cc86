"""Inpainting and outpainting: a part of a picture is drawn anew, the rest stays as it is.

Diffusers' inpainting pipelines keep the rest roughly, since they encode and decode it. So the rest
is put back, pixel by pixel, with a border across which it fades into what was drawn. For a family
that has no such pipeline its image-to-image pipeline draws, and after each step the latents of the
rest are replaced by those of the source, with the noise of that step (https://arxiv.org/abs/2206.02779).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor
from torch.nn import functional

from discord_diffusion.jobs.parameters import Box
from discord_diffusion.worker.errors import OptionRefusedError
from discord_diffusion.worker.pipeline import interface
from discord_diffusion.worker.pipeline_types import MASK_WHITE, GenerationRequest

_FADING_SHARE = 1 / 64
"""Half the width of the fading border, as a share of the picture's shorter side."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """What a picture is drawn from.

    `image` (RGB) and `mask` (L: 255 where it is drawn anew, else 0) have the size that the pipeline
    draws, `kept` and `shown` the size of the finished picture: `shown` says how much of each pixel
    is what was drawn.
    """

    image: Image.Image
    mask: Image.Image
    kept: Image.Image
    shown: Image.Image

    def finish(self, drawn: Image.Image) -> Image.Image:
        """The finished picture: what was drawn, and what is kept as it was."""
        return Image.composite(drawn, self.kept, self.shown)


def canvas(request: GenerationRequest, size: tuple[int, int], cell: int) -> Canvas:
    """The canvas of a request whose source image is kept in part.

    Args:
        request: with `source`, and `mask` if its parameters have one.
        size: that of the pipeline, no smaller than the finished picture.
        cell: pixels of a side that one latent stands for; none is drawn anew by half.
    """
    wanted, source = request.parameters.finished_size, request.parameters.source
    image = request.source
    if image is None or source is None:
        raise ValueError("the request has parameters.source, but no source image")
    if source.box is not None:
        kept, anew = _around(image, source.box, wanted)
    elif request.mask is not None:
        kept = ImageOps.fit(image, wanted, Image.Resampling.LANCZOS)
        white = request.mask.convert("L").point([255 * (tone >= MASK_WHITE) for tone in range(256)])
        # Fitted like the picture that it lies on.
        white = white.resize(image.size, Image.Resampling.NEAREST)
        anew = ImageOps.fit(white, wanted, Image.Resampling.NEAREST)
    else:
        raise ValueError("the request has parameters.source.mask, but no mask")
    radius = max(1, round(min(wanted) * _FADING_SHARE))
    shown = widened(anew, radius).filter(ImageFilter.BoxBlur(radius))
    return Canvas(
        image=Image.fromarray(_padded(np.asarray(kept), size)),
        mask=Image.fromarray(_whole_cells(_padded(np.asarray(anew), size), cell)),
        kept=kept,
        shown=shown,
    )


def widened(mask: Image.Image, radius: int) -> Image.Image:
    """A mask (255 or 0) whose white reaches so many pixels farther to each side, up to 254.

    First along the lines, then along the columns: Pillow's `MaxFilter` compares all pixels of the
    square around each, which takes minutes for the largest pictures.
    """
    for reach in ((radius, 0), (0, radius)):
        # The mean of a line of up to 509 pixels, one of them white, rounds to no 0.
        mask = mask.filter(ImageFilter.BoxBlur(reach)).point([0] + [255] * 255)
    return mask


def _around(image: Image.Image, box: Box, size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    """The picture in its box, its edges drawn out to the edges of the canvas, and the mask."""
    inside = ImageOps.fit(image, (box.width, box.height), Image.Resampling.LANCZOS)
    right, below = size[0] - box.left - box.width, size[1] - box.top - box.height
    margins = ((box.top, below), (box.left, right))
    anew = np.pad(np.zeros((box.height, box.width), np.uint8), margins, constant_values=255)
    kept = np.pad(np.asarray(inside), (*margins, (0, 0)), mode="edge")
    return Image.fromarray(kept), Image.fromarray(anew)


def _padded(pixels: Any, size: tuple[int, int]) -> Any:
    """Pixels in the middle of a size that is a little larger, as `crop_centre` finds them."""
    more = (size[1] - pixels.shape[0], size[0] - pixels.shape[1])
    margins = [(extra // 2, extra - extra // 2) for extra in more]
    return np.pad(pixels, [*margins, *[(0, 0)] * (pixels.ndim - 2)], mode="edge")


def _whole_cells(mask: Any, cell: int) -> Any:
    """The mask, with every cell that is white in part wholly white."""
    height, width = mask.shape
    margins = ((0, -height % cell), (0, -width % cell))
    rows, columns = -(-height // cell), -(-width // cell)
    cells = np.pad(mask, margins).reshape(rows, cell, columns, cell).max(axis=(1, 3))
    return cells.repeat(cell, 0).repeat(cell, 1)[:height, :width]


class LatentBlend:
    """Keeps the latents of what is not drawn anew, for one call of an image-to-image pipeline.

    Only for latents that are (pictures, channels, lines, columns).
    """

    def __init__(self, pipe: Any, canvases: Sequence[Canvas], seeds: Sequence[int]) -> None:
        self._original = _encoded(pipe, [canvas.image for canvas in canvases])
        masks = [torch.from_numpy(np.asarray(canvas.mask) / 255.0) for canvas in canvases]
        size = self._original.shape[2:]
        self._anew = functional.interpolate(torch.stack(masks)[:, None], size, mode="nearest")
        shape = self._original.shape[1:]
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        self._noise = torch.stack([torch.randn(shape, generator=one) for one in generators])

    def after_step(self, pipe: Any, timestep: Any, latents: Tensor) -> Tensor:
        """The latents after the step of that timestep, with those of the source where it stays."""
        if latents.shape != self._original.shape:
            raise OptionRefusedError("the model's latents are no grid, so no part of it is kept")
        original = self._original.to(latents)
        scheduler = pipe.scheduler
        later = scheduler.timesteps[scheduler.timesteps.to("cpu") < float(timestep)]
        if len(later):
            moment = later[:1].expand(len(latents))
            original = scheduler.add_noise(original, self._noise.to(latents), moment)
        return torch.where(self._anew.to(latents.device) > 0, latents, original)


def _encoded(pipe: Any, images: Sequence[Image.Image]) -> Tensor:
    """The latents of pictures, one after the other, so that none depends on its batch."""
    autoencoder = interface.autoencoder(pipe)
    scaling, shift = (autoencoder.config.get(f"{name}_factor") for name in ("scaling", "shift"))
    if not scaling:
        raise OptionRefusedError("the model can draw no part of a picture anew")
    rows = []
    for image in images:
        pixels = torch.from_numpy(np.asarray(image, dtype=np.float32) / 127.5 - 1).permute(2, 0, 1)
        encoded = autoencoder.encode(pixels[None].to(pipe._execution_device, autoencoder.dtype))
        latents = encoded.latents if "latents" in encoded else encoded.latent_dist.mode()
        rows.append((latents - (shift or 0.0)) * scaling)
    return torch.cat(rows)
