"""What goes into the pipeline and what comes out of it. Knows nothing of torch."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL.Image import Image

from discord_diffusion.jobs.parameters import GenerationParameters

Preview = Callable[[int], Image | None]
"""A sketch of the request of that place in the batch, its pictures side by side; None while that
request is not being drawn. Good until the call of `OnStep` that offers it returns; costs
milliseconds."""

OnStep = Callable[[int, int, Preview | None], None]
"""Called after each denoising step with (steps done, steps in all, a preview where one is cheap);
what it raises ends the whole batch. Both numbers grow when a batch is drawn in parts after all."""


@dataclass(frozen=True)
class GenerationRequest:
    """What a job asks of the pipeline."""

    parameters: GenerationParameters
    safety_check: bool = True
    """Whether pictures that the model's safety checker flags are held back."""
    source: Image | None = None
    """The picture behind `parameters.source`, which must be given with it."""


@dataclass(frozen=True)
class ModelInfo:
    """What is named beside a picture so that it can be made again."""

    name: str
    scheduler: str
    device: str


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

    def __add__(self, other: "PhaseSeconds") -> "PhaseSeconds":
        """One after the other."""
        return PhaseSeconds(
            self.first_step + other.first_step,
            self.other_steps + other.other_steps,
            self.decode + other.decode,
        )


@dataclass(frozen=True)
class Generation:
    """All pictures of one job."""

    pictures: tuple[Picture, ...]
    filtered: int
    """How many pictures the model's safety checker held back."""
    seconds: PhaseSeconds
    """Of the batch that it was drawn in."""
    model: ModelInfo
    """What drew it: a job may name a model or a scheduler."""
    blank: int = 0
    """How many pictures came out black or as no numbers, and were left out."""


class Generator(Protocol):
    """Draws, for one caller at a time."""

    @property
    def model(self) -> ModelInfo:
        """What draws a job that names neither a model nor a scheduler."""

    def peak_memory(self) -> int | None:
        """Bytes of the device's memory that were in use at most since the last call; None where
        nobody counts them."""

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        """Jobs with equal keys can be drawn together."""

    def capacity(self, parameters: GenerationParameters) -> int:
        """How many pictures like these fit into one forward pass; at least 1."""

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        """Make the pictures of requests that agree in `batch_key`; picture i of a request has the
        seed `seed + i` (mod 2**32), whatever it is drawn with.

        The result holds what became of each request, in their order: a `WorkerError` for those
        that failed. Raises only what `on_step` raises.
        """
