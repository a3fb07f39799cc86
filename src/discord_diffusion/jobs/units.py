"""What a request costs, in units, and what of it is given back."""

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobStatus

UNIT = 512 * 512 * 25
"""Pixels times steps: one picture of 512 x 512 with 25 steps."""


def cost(parameters: GenerationParameters) -> int:
    """Units of a request, rounded up, at least 1.

    Of a picture that begins from another only the share that is drawn anew is counted, and all its
    pixels after it has been enlarged.
    """
    source = parameters.source
    pixels = parameters.width * parameters.height * (source.scale**2 if source else 1)
    steps = parameters.steps * (source.strength if source else 1.0)
    work = round(pixels * steps) * parameters.images
    return max(1, -(-work // UNIT))


def refund(units: int, status: JobStatus, *, images: int, filtered: int = 0) -> int:
    """Units to give back of a job that ended so; `filtered` pictures of `images` were held back."""
    if status is not JobStatus.ANSWERED:
        return units
    return units * min(filtered, images) // images
