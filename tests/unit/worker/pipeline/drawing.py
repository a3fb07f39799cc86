"""Short ways to draw with a generator in tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.generation import Generation, GenerationRequest, OnStep, Preview
from discord_diffusion.worker.pipeline import DiffusersGenerator
from tests.unit.worker.fakes import make_settings


def ignore(_done: int, _steps: int, _preview: Preview | None) -> None:
    """Progress that nobody watches."""


def load(folder: Path, **settings: str) -> DiffusersGenerator:
    """A generator on the CPU that has drawn once."""
    environment = {"DEVICE": "cpu", "TORCH_THREADS": "1"} | settings
    generator = DiffusersGenerator.load(make_settings(MODEL=str(folder), **environment).pipeline)
    generator.warm_up()
    return generator


def draw(
    generator: DiffusersGenerator, parameters: GenerationParameters, on_step: OnStep = ignore
) -> Generation:
    """One request alone, its error raised."""
    [made] = draw_all(generator, [GenerationRequest(parameters)], on_step)
    return made


def draw_all(
    generator: DiffusersGenerator, requests: Sequence[GenerationRequest], on_step: OnStep = ignore
) -> list[Generation]:
    """All requests together, the first error raised."""
    made = []
    for one in generator.generate(requests, on_step):
        if isinstance(one, Exception):
            raise one
        made.append(one)
    return made


def pixels(generation: Generation) -> list[Any]:
    """Arrays of whole numbers, one a picture."""
    return [np.asarray(picture.image).astype(int) for picture in generation.pictures]
