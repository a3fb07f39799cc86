"""From latents to pictures: decoding within limits of memory and precision, and fast sketches."""

import logging
from typing import Any

import torch
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from PIL import Image
from torch import Tensor
from torch.nn import functional

from discord_diffusion.worker.pipeline import memory

log = logging.getLogger(__name__)

_LATENTS_AT_ONCE = 128 * 128
"""Four pictures of 512x512 with Stable Diffusion's autoencoder: a GPU is busy with that, and more
would cost memory that the denoiser's batch can use."""
_SKETCH_SAMPLES = 12
"""The number of decoded pictures that the sketcher is fitted to."""
_SKETCH_SIDE = 256
"""Longer side of a sketch in pixels."""


class Decoder:
    """Decodes a few pictures at a time, within the free memory and in sufficient precision.

    Replaces the `decode` of an autoencoder, which every pipeline calls, so that an error there is
    handled without denoising again; and its `encode`, which has to follow the decoder's precision.
    Tiles are not used with `AutoencoderTiny`, whose tiles suit a factor of 8 only, and which needs
    little memory.
    """

    def __init__(self, vae: Any) -> None:
        self._vae = vae
        self._vae_decode, self._vae_encode = vae.decode, vae.encode
        self.sketcher = Sketcher()
        vae.decode, vae.encode = self.decode, self.encode

    def decode(
        self, latents: Tensor, return_dict: bool = True, **_generator: object
    ) -> DecoderOutput | tuple[Tensor]:
        """As the method of `AutoencoderKL` that it replaces, which uses no generator either."""
        at_once = max(1, _LATENTS_AT_ONCE // latents.shape[2:].numel())
        images = torch.cat([self._decode_finite(part) for part in torch.split(latents, at_once)])
        try:
            self.sketcher.fit(latents, images)
        except Exception as error:  # noqa: BLE001 - a sketch is never worth a picture
            log.warning("No sketches of this model", extra={"error": type(error).__name__})
        return DecoderOutput(sample=images) if return_dict else (images,)

    def encode(self, images: Tensor, **options: object) -> Any:
        """As the method that it replaces, even after the autoencoder has changed to fp32."""
        if images.dtype is self._vae.dtype:
            return self._vae_encode(images, **options)
        coded = self._vae_encode(images.to(self._vae.dtype), **options)
        if hasattr(coded, "latent_dist"):
            parameters = coded.latent_dist.parameters.to(images.dtype)
            coded.latent_dist = DiagonalGaussianDistribution(parameters)
        else:
            coded.latents = coded.latents.to(images.dtype)
        return coded

    def unscale(self, latents: Tensor) -> Tensor:
        """Turn the denoiser's latents into the decoder's."""
        scale: float = self._vae.config.scaling_factor
        shift: float = self._vae.config.get("shift_factor") or 0.0
        return latents / scale + shift

    def _decode_finite(self, latents: Tensor) -> Tensor:
        """Decode; change to fp32 for good if half precision overflows on finite latents."""
        images = self._decode_within_memory(latents)
        overflows = not images.isfinite().all() and bool(latents.isfinite().all())
        if self._vae.dtype is torch.float32 or not overflows:
            return images
        log.warning(
            "The autoencoder overflows and is changed to fp32", extra={"was": self._vae.dtype}
        )
        self._vae.to(torch.float32)
        return self._decode_within_memory(latents)

    def _decode_within_memory(self, latents: Tensor) -> Tensor:
        """Decode one by one, then in tiles, when memory is short."""
        try:
            return self._decode_once(latents)
        except Exception as error:
            has_tiles = not isinstance(self._vae, AutoencoderTiny)
            if not memory.is_out_of_memory(error) or (len(latents) == 1 and not has_tiles):
                raise
        memory.release(latents.device)
        if len(latents) > 1:
            return torch.cat([self._decode_within_memory(row) for row in torch.split(latents, 1)])
        log.warning("A picture is decoded in tiles", extra={"latents": list(latents.shape[2:])})
        self._vae.enable_tiling()
        try:
            return self._decode_once(latents)
        finally:
            self._vae.disable_tiling()

    def _decode_once(self, latents: Tensor) -> Tensor:
        decoded: Tensor = self._vae_decode(latents.to(self._vae.dtype), return_dict=False)[0]
        return decoded


class Sketcher:
    """Makes small pictures from latents: one linear map from latent channels to colours.

    The map is fitted to the first pictures that the autoencoder decodes, so that it suits any
    family of models.
    """

    def __init__(self) -> None:
        self._samples = 0
        self._gram: Tensor | None = None
        self._moment: Tensor | None = None

    @property
    def ready(self) -> bool:
        """Whether anything has been decoded yet."""
        return self._samples > 0

    @torch.inference_mode()
    def fit(self, latents: Tensor, images: Tensor) -> None:
        """Fit the map to latents and their decoded pictures, which are in -1..1."""
        if self._samples >= _SKETCH_SAMPLES:
            return
        colours = functional.interpolate(images.float(), latents.shape[2:], mode="area")
        inputs, outputs = _rows(latents).double().cpu(), _channels(colours).double().cpu()
        if not (inputs.isfinite().all() and outputs.isfinite().all()):
            return
        gram, moment = inputs.T @ inputs, inputs.T @ outputs
        self._gram = gram if self._gram is None else self._gram + gram
        self._moment = moment if self._moment is None else self._moment + moment
        self._samples += latents.shape[0]

    @torch.inference_mode()
    def sketch(self, latents: Tensor) -> Image.Image:
        """The sketch of latents as the decoder takes them; several are shown side by side."""
        if self._gram is None or self._moment is None:
            raise RuntimeError("nothing has been decoded yet")
        ridge = 1e-6 * self._gram.diagonal().mean() * torch.eye(len(self._gram)).double()
        colours = torch.linalg.solve(self._gram + ridge, self._moment).float()
        rows = _rows(latents).float().cpu() @ colours
        count, _, height, width = latents.shape
        pixels = ((rows.view(count, height, width, 3).clamp(-1, 1) + 1) * 127.5).byte()
        image = Image.fromarray(torch.cat(list(pixels), dim=1).numpy())
        factor = max(1, _SKETCH_SIDE // max(height, width))
        size = (image.width * factor, image.height * factor)
        return image.resize(size, Image.Resampling.BICUBIC)


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


def _rows(latents: Tensor) -> Tensor:
    """One row a latent pixel: its channels, and a one for the constant of the map."""
    return functional.pad(_channels(latents), (0, 1), value=1.0)


def _channels(pictures: Tensor) -> Tensor:
    return pictures.permute(0, 2, 3, 1).flatten(0, 2)
