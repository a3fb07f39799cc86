"""Splits the requests of a batch into single pictures, and joins the pictures into results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from PIL.Image import Image

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.errors import BlankPictureError, WorkerError
from discord_diffusion.worker.pipeline_types import (
    Generation,
    GenerationRequest,
    ModelInfo,
    PhaseSeconds,
    Picture,
)


@dataclass(frozen=True, eq=False)
class BatchItem:
    """One picture to draw."""

    request: GenerationRequest
    request_index: int
    """Position of the request in the batch."""
    index: int
    """Position of the picture in the request."""

    @property
    def parameters(self) -> GenerationParameters:
        """The request's parameters."""
        return self.request.parameters

    @property
    def seed(self) -> int:
        """The seed of this picture alone."""
        return self.parameters.seed_of(self.index)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the finished picture."""
        return self.parameters.finished_size


@dataclass(frozen=True)
class DrawnPicture:
    """The result of one item: a picture, or the reason why there is none."""

    image: Image | None
    flagged: bool = False
    """Whether the safety checker flagged the picture; a picture that is missing but not flagged
    came out blank."""


def list_items(requests: Sequence[GenerationRequest]) -> list[BatchItem]:
    """All pictures of all requests, in their order."""
    return [
        BatchItem(request, request_index, index)
        for request_index, request in enumerate(requests)
        for index in range(request.parameters.images)
    ]


def list_generations(
    items: Sequence[BatchItem],
    results: Mapping[BatchItem, DrawnPicture | WorkerError],
    model: ModelInfo,
    seconds: PhaseSeconds,
) -> list[Generation | WorkerError]:
    """The result of each request, in their order; the error of a picture fails its request."""
    by_request = groupby(items, key=lambda item: item.request_index)
    pairs = ([(item, results[item]) for item in own] for _, own in by_request)
    return [_generation(drawn, model, seconds) for drawn in pairs]


def _generation(
    drawn: Sequence[tuple[BatchItem, DrawnPicture | WorkerError]],
    model: ModelInfo,
    seconds: PhaseSeconds,
) -> Generation | WorkerError:
    pictures: list[Picture] = []
    filtered = blank = 0
    for item, result in drawn:
        if isinstance(result, WorkerError):
            return result
        if result.image is not None:
            pictures.append(Picture(result.image, item.seed, item.index))
        filtered += result.flagged
        blank += result.image is None and not result.flagged
    if blank == len(drawn):
        return BlankPictureError(f"{blank} pictures came out black or as no numbers")
    return Generation(tuple(pictures), filtered, seconds, model, blank)
