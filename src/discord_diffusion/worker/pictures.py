"""What the pipeline hands to whoever shows it. Knows nothing of torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PIL.Image import Image

from discord_diffusion.jobs import GenerationParameters

OnStep = Callable[[int, int], None]
"""Called after each denoising step with (steps done, steps in all); a `WorkerError` ends it."""


@dataclass(frozen=True)
class Picture:
    """One finished picture and the seed that makes it again."""

    image: Image
    seed: int
    index: int
    """Place in the job, from 0; pictures that the safety filter held back leave gaps."""


@dataclass(frozen=True)
class PhaseSeconds:
    """Where the time of one generation went; the first step includes the text encoder."""

    first_step: float
    other_steps: float
    decode: float

    @property
    def total(self) -> float:
        """Seconds from the call to finished pictures."""
        return self.first_step + self.other_steps + self.decode


@dataclass(frozen=True)
class Generation:
    """All pictures of one job."""

    pictures: tuple[Picture, ...]
    filtered: int
    """How many pictures the model's safety checker held back."""
    seconds: PhaseSeconds


@dataclass(frozen=True)
class ModelInfo:
    """What is named beside a picture so that it can be made again."""

    name: str
    scheduler: str
    device: str


class Generator(Protocol):
    """Draws. Raises `GenerationError` or whatever the libraries below raise."""

    @property
    def model(self) -> ModelInfo:
        """What is loaded."""

    def generate(self, parameters: GenerationParameters, on_step: OnStep) -> Generation:
        """Make all pictures of a job; picture i has the seed `seed + i` (mod 2**32)."""
