"""What makes a pipeline's networks fast on their device."""

import logging
from collections.abc import Sequence
from typing import Any

import torch

from discord_diffusion.worker.pipeline.batch_invariance import make_invariant
from discord_diffusion.worker.pipeline.compiled import ShapeChoice
from discord_diffusion.worker.pipeline.text_memo import remember_text

log = logging.getLogger(__name__)


def denoiser(pipe: Any) -> Any:
    """The network that runs once a step: a UNet, or a transformer."""
    return getattr(pipe, "unet", None) or pipe.transformer


def tune(pipe: Any, device: torch.device, compile_mode: str) -> Sequence[ShapeChoice]:
    """Arrange weights for the device, in place; which of its networks have compiled shapes.

    Attention is torch's own fused one without our doing.
    """
    network = denoiser(pipe)
    for part in (network, pipe.vae):
        # For the convolutions: on tensor cores, and a twelfth faster on the CPU.
        part.to(memory_format=torch.channels_last)
    if device.type == "cpu":
        for part in _networks(pipe):
            make_invariant(part)
        if compile_mode == "off":
            remember_text(network)
    else:
        _fuse(network)
    if compile_mode == "off":
        return ()
    if compile_mode == "regional":
        network.compile_repeated_blocks(dynamic=True)
        return ()
    return [ShapeChoice.of(one, compile_mode) for one in (network, pipe.vae.decoder)]


def _fuse(network: Any) -> None:
    """One matrix product for queries, keys and values instead of three."""
    if hasattr(network, "fuse_qkv_projections"):
        try:
            network.fuse_qkv_projections()
        except ValueError as error:
            log.info("Projections are not fused", extra={"reason": str(error)})


def _networks(pipe: Any) -> list[torch.nn.Module]:
    return [one for one in pipe.components.values() if isinstance(one, torch.nn.Module)]
