"""Loads generators and draws with them in tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import (
    Generation,
    GenerationRequest,
    OnStep,
    Preview,
)
from tests.unit.worker.fakes import make_settings


def ignore(_done: int, _steps: int, _preview: Preview | None) -> None:
    """A step callback that does nothing."""


def load(folder: Path, **settings: str) -> DiffusersGenerator:
    """A generator on the CPU, after its warm-up."""
    environment = {"DEVICE": "cpu", "TORCH_THREADS": "1"} | settings
    generator = DiffusersGenerator.load(make_settings(MODEL=str(folder), **environment).pipeline)
    generator.warm_up()
    return generator


def draw(
    generator: DiffusersGenerator, parameters: GenerationParameters, on_step: OnStep = ignore
) -> Generation:
    """Draw one request; raises its error."""
    [made] = draw_all(generator, [GenerationRequest(parameters)], on_step)
    return made


def draw_all(
    generator: DiffusersGenerator, requests: Sequence[GenerationRequest], on_step: OnStep = ignore
) -> list[Generation]:
    """Draw all requests in one batch; raises the first error."""
    made = []
    for result in generator.generate(requests, on_step):
        if isinstance(result, Exception):
            raise result
        made.append(result)
    return made


def pixels(generation: Generation) -> list[Any]:
    """The pixels of each picture as an array of integers."""
    return [np.asarray(picture.image).astype(int) for picture in generation.pictures]
