"""From latents to pictures, within the memory there is and in numbers that suffice.

Takes the place of an autoencoder's `decode`, which every pipeline calls, so that what goes wrong
there is mended without denoising again; and of its `encode`, which has to follow.
"""

import logging
from typing import Any

import torch
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from torch import Tensor

from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline.sketches import Sketcher

log = logging.getLogger(__name__)

_LATENTS_AT_ONCE = 128 * 128
"""Four pictures of 512x512 with Stable Diffusion's autoencoder: a GPU is busy with that, and more
would cost memory that the denoiser's batch can use."""


class Decoder:
    """Decodes a few pictures at a time; one, then in tiles, when memory is short.

    Not in tiles with `AutoencoderTiny`, whose tiles suit a factor of 8 only, and which is small.
    """

    def __init__(self, vae: Any) -> None:
        self._vae = vae
        self._decode, self._encode = vae.decode, vae.encode
        self.sketcher = Sketcher()
        vae.decode, vae.encode = self.decode, self.encode

    def decode(
        self, latents: Tensor, return_dict: bool = True, **_generator: object
    ) -> DecoderOutput | tuple[Tensor]:
        """As the method of `AutoencoderKL` that it replaces, which uses no generator either."""
        at_once = max(1, _LATENTS_AT_ONCE // latents.shape[2:].numel())
        parts = [self._in_good_numbers(part) for part in torch.split(latents, at_once)]
        images = torch.cat(parts)
        self.sketcher.learn(latents, images)
        return DecoderOutput(sample=images) if return_dict else (images,)

    def encode(self, images: Tensor, **options: object) -> Any:
        """As the method that it replaces, whatever numbers the autoencoder has gone on in."""
        if images.dtype is self._vae.dtype:
            return self._encode(images, **options)
        coded = self._encode(images.to(self._vae.dtype), **options)
        if hasattr(coded, "latent_dist"):
            parameters = coded.latent_dist.parameters.to(images.dtype)
            coded.latent_dist = DiagonalGaussianDistribution(parameters)
        else:
            coded.latents = coded.latents.to(images.dtype)
        return coded

    def unscaled(self, latents: Tensor) -> Tensor:
        """Latents of the denoiser as this decoder takes them."""
        scale: float = self._vae.config.scaling_factor
        shift: float = self._vae.config.get("shift_factor") or 0.0
        return latents / scale + shift

    def _in_good_numbers(self, latents: Tensor) -> Tensor:
        """Go to fp32 for good when half precision overflows on latents that are fine."""
        images = self._in_memory(latents)
        if self._vae.dtype is torch.float32 or bool(images.isfinite().all()):
            return images
        if not latents.isfinite().all():
            return images
        log.warning("The autoencoder overflows; it goes on in fp32", extra={"was": self._vae.dtype})
        self._vae.to(torch.float32)
        return self._in_memory(latents)

    def _in_memory(self, latents: Tensor) -> Tensor:
        try:
            return self._plainly(latents)
        except Exception as error:
            in_tiles = not isinstance(self._vae, AutoencoderTiny)
            if not memory.is_out_of_memory(error) or (len(latents) == 1 and not in_tiles):
                raise
        memory.release(latents.device)
        if len(latents) > 1:
            return torch.cat([self._in_memory(one) for one in torch.split(latents, 1)])
        log.warning("A picture is decoded in tiles", extra={"latents": list(latents.shape[2:])})
        self._vae.enable_tiling()
        try:
            return self._plainly(latents)
        finally:
            self._vae.disable_tiling()

    def _plainly(self, latents: Tensor) -> Tensor:
        decoded: Tensor = self._decode(latents.to(self._vae.dtype), return_dict=False)[0]
        return decoded
