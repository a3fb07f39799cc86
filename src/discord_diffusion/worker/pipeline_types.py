"""The interface of the pipeline: its requests and results. Imports no torch."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL.Image import Image

from discord_diffusion.jobs.parameters import GenerationParameters

MASK_WHITE = 128
"""What is as bright in a mask is white, for files that were saved with losses."""

Preview = Callable[[int], Image | None]
"""Makes a sketch of the request at that place in the batch, its pictures side by side; None while
that request is not being drawn. Takes milliseconds. Valid until the call of `OnStep` that offers it
returns."""

OnStep = Callable[[int, int, Preview | None], None]
"""Called after each denoising step with (steps done, steps in all, a preview where one is cheap).
What it raises ends the whole batch. Both numbers grow when a batch has to be drawn in parts."""


@dataclass(frozen=True)
class GenerationRequest:
    """What the pipeline draws for one job."""

    parameters: GenerationParameters
    safety_check: bool = True
    """Whether pictures that the model's safety checker flags are held back."""
    source: Image | None = None
    """The source image; must be given where `parameters.source` is."""
    mask: Image | None = None
    """White where the source is drawn anew; must be given where `parameters.source.mask` is."""


@dataclass(frozen=True)
class ModelInfo:
    """The model that draws a picture; part of the parameters in the picture's file."""

    name: str
    scheduler: str
    device: str


@dataclass(frozen=True)
class Picture:
    """One finished picture and the seed by which it can be drawn again."""

    image: Image
    seed: int
    index: int
    """Place in the job, from 0; pictures that the safety checker held back leave gaps."""


@dataclass(frozen=True)
class PhaseSeconds:
    """The seconds of one batch by phase; the first step includes the text encoder."""

    first_step: float
    other_steps: float
    decode: float

    @property
    def total(self) -> float:
        """Seconds from the call to finished pictures."""
        return self.first_step + self.other_steps + self.decode

    def __add__(self, other: "PhaseSeconds") -> "PhaseSeconds":
        """The times of two batches drawn one after the other."""
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
    """Of the batch in which the job was drawn."""
    model: ModelInfo
    """The model and scheduler that were used: a job may name either."""
    blank: int = 0
    """How many pictures came out black or as no numbers, and were left out."""
    unread: str = ""
    """The end of the prompt, if it is longer than the model reads."""


class Generator(Protocol):
    """Draws pictures, for one caller at a time."""

    @property
    def model(self) -> ModelInfo:
        """The model and scheduler for a job that names neither."""

    def peak_memory(self) -> int | None:
        """The most bytes of device memory in use since the last call; None if not measured."""

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        """A key that is equal for jobs that can be drawn together."""

    def capacity(self, parameters: GenerationParameters) -> int:
        """How many pictures like these fit into one forward pass; at least 1."""

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        """Draw the pictures of requests with equal `batch_key`.

        Picture i of a request has the seed `seed + i` (mod 2**32), whatever it is drawn with.

        Returns:
            The pictures of each request, in their order, or a `WorkerError` in their place.

        Raises:
            Exception: only what `on_step` raised.
        """
