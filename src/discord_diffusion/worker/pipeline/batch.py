"""Pictures of several requests as one list, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL.Image import Image

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.errors import BlankPictureError, WorkerError
from discord_diffusion.worker.generation import (
    Generation,
    GenerationRequest,
    ModelInfo,
    PhaseSeconds,
    Picture,
)

SEEDS = 2**32


@dataclass(frozen=True, eq=False)
class PictureOrder:
    """One picture that is asked for."""

    asked: GenerationRequest
    request: int
    """Place of the request in the batch."""
    index: int
    """Place of the picture in the request."""

    @property
    def parameters(self) -> GenerationParameters:
        """Of the request."""
        return self.asked.parameters

    @property
    def seed(self) -> int:
        """Of this picture alone."""
        return (self.parameters.seed + self.index) % SEEDS


@dataclass(frozen=True)
class Drawn:
    """What became of an order: a picture, or why there is none to show."""

    image: Image | None
    flagged: bool = False
    """Whether the safety checker held it back; if not, a missing picture came out blank."""


Result = Drawn | WorkerError


def list_orders(requests: Sequence[GenerationRequest]) -> list[PictureOrder]:
    """All pictures of all requests, in their order."""
    return [
        PictureOrder(request, place, index)
        for place, request in enumerate(requests)
        for index in range(request.parameters.images)
    ]


def generation(
    orders: Sequence[PictureOrder],
    results: Mapping[PictureOrder, Result],
    model: ModelInfo,
    seconds: PhaseSeconds,
) -> Generation | WorkerError:
    """What became of one request. An error of one picture is the request's."""
    pictures: list[Picture] = []
    filtered = blank = 0
    for order in orders:
        result = results[order]
        if isinstance(result, WorkerError):
            return result
        if result.image is not None:
            pictures.append(Picture(result.image, order.seed, order.index))
        filtered += result.flagged
        blank += result.image is None and not result.flagged
    if blank == len(orders):
        return BlankPictureError(f"{blank} pictures came out black or as no numbers")
    return Generation(tuple(pictures), filtered, seconds, model, blank)
