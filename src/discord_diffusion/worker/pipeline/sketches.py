"""Small pictures from latents, for milliseconds: one linear map from latent channels to colours.

The map is not looked up for each family of models but fitted to the first pictures that the
autoencoder decodes, so that it suits any.
"""

from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

_LESSONS = 12
"""Pictures that the map is fitted to."""
_SIDE = 256
"""Longer side of a sketch in pixels."""


class Sketcher:
    """Learns from decoded pictures, then sketches."""

    def __init__(self) -> None:
        self._lessons = 0
        self._gram: Tensor | None = None
        self._moment: Tensor | None = None

    @property
    def ready(self) -> bool:
        """Whether anything has been learnt."""
        return self._lessons > 0

    @torch.inference_mode()
    def learn(self, latents: Tensor, images: Tensor) -> None:
        """Take note of what the autoencoder made of its latents; pictures in -1..1."""
        if self._lessons >= _LESSONS:
            return
        colours = functional.interpolate(images.float(), latents.shape[2:], mode="area")
        known, wanted = _rows(latents).double().cpu(), _channels(colours).double().cpu()
        if not (known.isfinite().all() and wanted.isfinite().all()):
            return
        gram, moment = known.T @ known, known.T @ wanted
        self._gram = gram if self._gram is None else self._gram + gram
        self._moment = moment if self._moment is None else self._moment + moment
        self._lessons += latents.shape[0]

    @torch.inference_mode()
    def sketch(self, latents: Tensor) -> Image.Image:
        """Latents as the decoder takes them; several become one picture, side by side."""
        if self._gram is None or self._moment is None:
            raise RuntimeError("nothing has been decoded yet")
        ridge = 1e-6 * self._gram.diagonal().mean() * torch.eye(len(self._gram)).double()
        colours = torch.linalg.solve(self._gram + ridge, self._moment).float()
        rows = _rows(latents).float().cpu() @ colours
        count, _, height, width = latents.shape
        pixels = ((rows.view(count, height, width, 3).clamp(-1, 1) + 1) * 127.5).byte()
        side_by_side = torch.cat(list(pixels), dim=1).numpy()
        image = Image.fromarray(side_by_side)
        factor = max(1, _SIDE // max(height, width))
        size = (image.width * factor, image.height * factor)
        return image.resize(size, Image.Resampling.BICUBIC)


def clean_estimate(scheduler: Any, latents: Tensor) -> Tensor:
    """The scheduler's own guess of the finished latents where it keeps one, else what there is."""
    kept = getattr(scheduler, "model_outputs", None) or [None]
    predicts_sample = "++" in str(scheduler.config.get("algorithm_type")) or scheduler.config.get(
        "predict_x0"
    )
    if predicts_sample and isinstance(kept[-1], Tensor) and kept[-1].shape == latents.shape:
        return kept[-1]
    # Schedulers that count in sigmas hold noise of that size: bring it to the size of latents.
    return latents / latents.float().std().clamp(min=1.0).to(latents.dtype)


def _rows(latents: Tensor) -> Tensor:
    return functional.pad(_channels(latents), (0, 1), value=1.0)


def _channels(pictures: Tensor) -> Tensor:
    return pictures.permute(0, 2, 3, 1).flatten(0, 2)
