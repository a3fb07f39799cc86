"""From latents to pictures: decoding within limits of memory and precision."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from torch import Tensor

from discord_diffusion.worker.pipeline import memory

log = logging.getLogger(__name__)

Decode = Callable[[Tensor], tuple[Tensor]]

_LATENTS_AT_ONCE = 128 * 128
"""Four pictures of 512x512 with Stable Diffusion's autoencoder: a GPU is busy with that, and more
would cost memory that the denoiser's batch can use."""


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
        self._in_trial = False
        self.overflowed_in_trial = False
        """Whether the autoencoder was changed to fp32 for good."""
        vae.decode, vae.encode = self.decode, self.encode

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Inside the block the usual picture is drawn: if it overflows, every picture would."""
        self._in_trial = True
        try:
            yield
        finally:
            self._in_trial = False

    def keep_exact(self) -> None:
        """Change the autoencoder to fp32 for good: that of the same model overflowed in a trial."""
        self._vae.to(torch.float32)
        self.overflowed_in_trial = True

    def decode(
        self, latents: Tensor, return_dict: bool = True, **options: object
    ) -> DecoderOutput | tuple[Tensor]:
        """As the method of the autoencoder that it replaces."""
        at_once = max(1, _LATENTS_AT_ONCE // latents.shape[2:].numel())
        decode = partial(self._vae_decode, return_dict=False, **options)
        images = torch.cat(
            [self._decode_finite(decode, part) for part in torch.split(latents, at_once)]
        )
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

    def _decode_finite(self, decode: Decode, latents: Tensor) -> Tensor:
        """Decode; in fp32 if half precision overflows on finite latents.

        In a trial the autoencoder stays in fp32. A job's latents may be extreme by its guidance
        alone: that changes nothing for those after it.
        """
        images = self._decode_within_memory(decode, latents)
        overflows = not images.isfinite().all() and bool(latents.isfinite().all())
        if self._vae.dtype is torch.float32 or not overflows:
            return images
        was, stays = self._vae.dtype, self._in_trial
        log.warning("The autoencoder overflows: fp32 decodes", extra={"was": was, "stays": stays})
        try:
            self._vae.to(torch.float32)
            decoded = self._decode_within_memory(decode, latents)
        except Exception:
            self._vae.to(was)  # it may have changed in part only
            raise
        if stays:
            self.overflowed_in_trial = True
        else:
            self._vae.to(was)
        return decoded

    def _decode_within_memory(self, decode: Decode, latents: Tensor) -> Tensor:
        """Decode one by one, then in tiles, when memory is short."""
        try:
            return self._decode_once(decode, latents)
        except Exception as error:
            has_tiles = hasattr(self._vae, "enable_tiling") and not isinstance(
                self._vae, AutoencoderTiny
            )
            if not memory.is_out_of_memory(error) or (len(latents) == 1 and not has_tiles):
                raise
        memory.release(latents.device)
        if len(latents) > 1:
            rows = torch.split(latents, 1)
            return torch.cat([self._decode_within_memory(decode, row) for row in rows])
        log.warning("A picture is decoded in tiles", extra={"latents": list(latents.shape[2:])})
        self._vae.enable_tiling()
        try:
            return self._decode_once(decode, latents)
        finally:
            self._vae.disable_tiling()

    def _decode_once(self, decode: Decode, latents: Tensor) -> Tensor:
        decoded: Tensor = decode(latents.to(self._vae.dtype))[0]
        return decoded
