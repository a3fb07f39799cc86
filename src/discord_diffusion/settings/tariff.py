"""What a unit is in a deployment, for all programs that compute with units."""

from dataclasses import replace

from discord_diffusion.jobs.models import parse
from discord_diffusion.jobs.parameters import GUIDANCE, IMAGES, SIZE, STEPS, GenerationParameters
from discord_diffusion.jobs.units import Tariff
from discord_diffusion.settings.reader import (
    DEFAULT_GUIDANCE,
    DEFAULT_HEIGHT,
    DEFAULT_IMAGES,
    DEFAULT_STEPS,
    DEFAULT_WIDTH,
    MODELS,
    SCHEDULER,
    Reader,
)


def read_tariff(read: Reader) -> Tariff:
    """What jobs cost: a picture with the defaults costs a unit."""
    return replace(_tariff(read), models=read.optional(MODELS, parse, {}))


def read_usual_cost(read: Reader) -> int:
    """What a command costs that names nothing but its prompt, in hundredths of units."""
    return _tariff(read).cost(_usual_job(read))


def _tariff(read: Reader) -> Tariff:
    """The tariff of the default model."""
    usual = _usual_job(read)
    return Tariff(
        pixels=usual.width * usual.height,
        steps=usual.steps,
        guidance=usual.guidance,
        scheduler=read.text(SCHEDULER),
    )


def _usual_job(read: Reader) -> GenerationParameters:
    return GenerationParameters(
        prompt="",
        seed=0,
        steps=read.integer(DEFAULT_STEPS, 25, STEPS),
        guidance=read.number(DEFAULT_GUIDANCE, 7.5, GUIDANCE),
        width=read.integer(DEFAULT_WIDTH, 512, SIZE),
        height=read.integer(DEFAULT_HEIGHT, 512, SIZE),
        images=read.integer(DEFAULT_IMAGES, 4, IMAGES),
    )
