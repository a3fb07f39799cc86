"""Fast sketches of pictures that are being drawn: one linear map from latents to colours.

The map is fitted to the first pictures that a model draws and to the latents of their last step, as
its pipeline hands them out. So it needs to know neither the autoencoder nor how a family of models
packs its latents: only that they are a grid, or the rows of one, line by line.

A sketch is never worth a picture: whatever fails here turns the sketches of the model off. Only
where the latents are no grid of a job's size that job alone has none.
"""

import logging
import math
from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

log = logging.getLogger(__name__)

_SAMPLES = 12
"""The number of pictures that the map is fitted to."""
_COLOURS_PER_CELL = 2
"""A cell of packed latents is shown as this many pixels a side: FLUX's are 16 pixels wide."""
_ROUNDING = 0.75
"""Lines by which a pipeline that draws another size may change the proportions."""
_SIDE = 256
"""Longer side of a sketch in pixels."""


class _NoGridError(ValueError):
    """Latents do not have the proportions of a picture's size."""


class Sketcher:
    """Makes small pictures from the latents of one model."""

    def __init__(self) -> None:
        self._samples = 0
        self._gram: Tensor | None = None
        self._moment: Tensor | None = None
        self._off = False

    @property
    def ready(self) -> bool:
        """Whether sketches can be made: a picture was drawn, and nothing has failed."""
        return self._samples > 0 and not self._off

    def fit(self, latents: Tensor | None, images: Tensor) -> None:
        """Fit the map to the latents of a last step and their pictures.

        `images` are (pictures, 3, height, width) in 0..1.
        """
        if latents is None or self._off or self._samples >= _SAMPLES:
            return
        try:
            self._fit(latents, images)
        except _NoGridError:
            return
        except Exception as error:  # noqa: BLE001 - a sketch is never worth a picture
            self._turn_off(error)

    def sketch(
        self, scheduler: Any, latents: Tensor, places: Sequence[int], size: tuple[int, int]
    ) -> Image.Image | None:
        """Some pictures of a batch side by side, from its latents; None if that fails.

        `size` is the width and height of a picture in pixels.
        """
        if not self.ready:
            return None
        try:
            return self._sketch(estimate_clean_latents(scheduler, latents)[list(places)], *size)
        except _NoGridError:
            return None
        except Exception as error:  # noqa: BLE001 - a sketch is never worth a picture
            self._turn_off(error)
            return None

    @torch.inference_mode()
    def _fit(self, latents: Tensor, images: Tensor) -> None:
        grid = _grid(latents, images.shape[3], images.shape[2])
        size = [side * _COLOURS_PER_CELL for side in grid.shape[2:]]
        colours = functional.interpolate(images.float() * 2 - 1, size, mode="area")
        inputs = _rows(grid).double().cpu()
        outputs = _channels(functional.pixel_unshuffle(colours, _COLOURS_PER_CELL)).double().cpu()
        if not (inputs.isfinite().all() and outputs.isfinite().all()):
            return
        gram, moment = inputs.T @ inputs, inputs.T @ outputs
        self._gram = gram if self._gram is None else self._gram + gram
        self._moment = moment if self._moment is None else self._moment + moment
        self._samples += latents.shape[0]

    @torch.inference_mode()
    def _sketch(self, latents: Tensor, width: int, height: int) -> Image.Image:
        if self._gram is None or self._moment is None:
            raise RuntimeError("nothing has been drawn yet")
        grid = _grid(latents, width, height)
        ridge = 1e-6 * self._gram.diagonal().mean() * torch.eye(len(self._gram)).double()
        colours = torch.linalg.solve(self._gram + ridge, self._moment).float()
        count, _, lines, columns = grid.shape
        cells = (_rows(grid).float().cpu() @ colours).view(count, lines, columns, -1)
        pictures = functional.pixel_shuffle(cells.permute(0, 3, 1, 2), _COLOURS_PER_CELL)
        pixels = ((pictures.clamp(-1, 1) + 1) * 127.5).byte().permute(0, 2, 3, 1)
        image = Image.fromarray(torch.cat(list(pixels), dim=1).numpy())
        factor = max(1, _SIDE // max(pictures.shape[2:]))
        size = (image.width * factor, image.height * factor)
        return image.resize(size, Image.Resampling.BICUBIC)

    def _turn_off(self, error: Exception) -> None:
        self._off = True
        log.warning(
            "The model has no sketches any more",
            extra={"error": type(error).__name__, "reason": str(error)},
        )


def estimate_clean_latents(scheduler: Any, latents: Tensor) -> Tensor:
    """The scheduler's estimate of the finished latents if it keeps one, else the latents."""
    kept = getattr(scheduler, "model_outputs", None) or [None]
    predicts_sample = "++" in str(scheduler.config.get("algorithm_type")) or scheduler.config.get(
        "predict_x0"
    )
    if predicts_sample and isinstance(kept[-1], Tensor) and kept[-1].shape == latents.shape:
        return kept[-1]
    # Latents of schedulers that count in sigmas are as large as the noise: scale them down.
    return latents / latents.float().std().clamp(min=1.0).to(latents.dtype)


def _grid(latents: Tensor, width: int, height: int) -> Tensor:
    """Latents of pictures of that size as (pictures, channels, lines, columns).

    Transformers' latents are (pictures, cells, channels), line by line; those of video models have
    an axis for the frames, of which a picture is one, before the channels or after them. The
    pipeline may have drawn another size, in nearly the same proportions.
    """
    if latents.dim() == 5:
        channels_first = latents.shape[2] == 1
        latents = latents[:, :, 0] if channels_first else latents[:, 0].permute(0, 3, 1, 2)
    if latents.dim() == 4:
        return latents
    count, cells, channels = latents.shape
    ideal = math.sqrt(cells * height / width)
    factors = (factor for factor in range(1, cells + 1) if cells % factor == 0)
    lines = min(factors, key=lambda factor: abs(factor - ideal))
    if abs(lines - ideal) > _ROUNDING:
        raise _NoGridError(f"{cells} latents are no grid of {width}x{height} pixels")
    return latents.transpose(1, 2).reshape(count, channels, lines, cells // lines)


def _rows(grid: Tensor) -> Tensor:
    """One row a cell: its channels, and a one for the constant of the map."""
    return functional.pad(_channels(grid), (0, 1), value=1.0)


def _channels(grid: Tensor) -> Tensor:
    return grid.permute(0, 2, 3, 1).flatten(0, 2)
