"""What a unit is in a deployment, for all programs that compute with units."""

from dataclasses import replace

from discord_diffusion.jobs.models import parse
from discord_diffusion.jobs.options import GUIDANCE, IMAGES, SIZE, STEPS
from discord_diffusion.jobs.parameters import GenerationParameters
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
    return replace(_tariff(_usual_picture(read), read), models=read.optional(MODELS, parse, {}))


def read_usual_cost(read: Reader) -> int:
    """What a command costs that names nothing but its prompt, in hundredths of units."""
    picture = _usual_picture(read)
    job = replace(picture, images=read.integer(DEFAULT_IMAGES, 4, IMAGES))
    return _tariff(picture, read).cost(job)


def _tariff(picture: GenerationParameters, read: Reader) -> Tariff:
    """The tariff of the default model."""
    return Tariff(
        pixels=picture.width * picture.height,
        steps=picture.steps,
        guidance=picture.guidance,
        scheduler=read.text(SCHEDULER),
    )


def _usual_picture(read: Reader) -> GenerationParameters:
    return GenerationParameters(
        prompt="",
        seed=0,
        steps=read.integer(DEFAULT_STEPS, 25, STEPS),
        guidance=read.number(DEFAULT_GUIDANCE, 7.5, GUIDANCE),
        width=read.integer(DEFAULT_WIDTH, 512, SIZE),
        height=read.integer(DEFAULT_HEIGHT, 512, SIZE),
        images=1,
    )
