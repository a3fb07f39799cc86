"""The cost of a job in units, and its refund. Pure."""

from discord_diffusion.jobs.parameters import GenerationParameters

UNIT = 512 * 512 * 25
"""Pixels times steps: one picture of 512 x 512 with 25 steps."""


def cost(parameters: GenerationParameters) -> int:
    """Units of a request, rounded up, at least 1.

    A picture that begins from a source image counts with the pixels that it has after it was
    enlarged, and with the share of the steps that is drawn anew.
    """
    source = parameters.source
    pixels = parameters.width * parameters.height * (source.scale**2 if source else 1)
    steps = parameters.steps * (source.strength if source else 1.0)
    work = round(pixels * steps) * parameters.images
    return max(1, -(-work // UNIT))


def refund(units: int, *, images: int, charged: int) -> int:
    """Units to give back when a job of `images` pictures ends, of which `charged` are paid for."""
    return units * max(0, images - charged) // images
