"""Image-to-image in tiles of the model's own size, for pictures that do not fit in memory whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from discord_diffusion.worker.pipeline.batch import BatchItem, DrawnPicture
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.pipeline_call import crop_centre, draw, fit_source
from discord_diffusion.worker.pipeline_types import (
    GenerationRequest,
    OnStep,
    PhaseSeconds,
    Preview,
)

_OVERLAP = 1 / 8
"""Part of a tile's side that overlaps its neighbour."""


@dataclass(frozen=True)
class Tile:
    """A square part of a picture; pixels from the upper left corner."""

    left: int
    top: int
    side: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom, as Pillow takes them."""
        return self.left, self.top, self.left + self.side, self.top + self.side


def list_tiles(model: LoadedModel, item: BatchItem) -> list[Tile]:
    """Tiles of the model's own size that cover the item's picture.

    Empty without a source image, where one tile would be the whole picture, for an edit, whose
    instruction concerns the whole picture, and where a part of the source image is kept.
    """
    source = item.parameters.source
    if model.edits or item.request.source is None or (source and source.keeps_part):
        return []
    tiles = cover(*model.supported_size(*item.size), min(model.native_size))
    return tiles if len(tiles) > 1 else []


def draw_in_tiles(
    model: LoadedModel, items: Sequence[BatchItem], on_step: OnStep
) -> tuple[list[DrawnPicture], PhaseSeconds]:
    """Draw one item with a source image tile by tile, and join the tiles to its picture."""
    [item] = items
    size = model.supported_size(*item.size)
    whole = fit_source(item.request, size)
    tiles = list_tiles(model, item)
    parts: list[tuple[Tile, Image.Image]] = []
    total = PhaseSeconds(0.0, 0.0, 0.0)
    for done, tile in enumerate(tiles):
        report = _report_tile(on_step, done, len(tiles))
        [drawn], seconds = draw(model, [_tile_item(item, tile, whole.crop(tile.box))], report)
        total += seconds
        if drawn.image is None:
            return [drawn], total
        parts.append((tile, drawn.image))
    return [DrawnPicture(crop_centre(join(size, parts), item.size))], total


def cover(width: int, height: int, side: int) -> list[Tile]:
    """Overlapping tiles that cover a picture; none is larger than the picture."""
    side = min(side, width, height)
    return [Tile(left, top, side) for top in _starts(height, side) for left in _starts(width, side)]


def join(size: tuple[int, int], parts: Iterable[tuple[Tile, Image.Image]]) -> Image.Image:
    """Blend tiles into one picture, each fading out towards its edges."""
    width, height = size
    total = np.zeros((height, width, 3))
    weights = np.zeros((height, width, 1))
    for tile, image in parts:
        left, top, right, bottom = tile.box
        fade = _fade(tile.side)
        weight = np.minimum.outer(fade, fade)[:, :, None]
        total[top:bottom, left:right] += weight * np.asarray(image.convert("RGB"), dtype=float)
        weights[top:bottom, left:right] += weight
    return Image.fromarray(np.round(total / weights).astype(np.uint8))


def _tile_item(item: BatchItem, tile: Tile, image: Image.Image) -> BatchItem:
    """The item that draws one tile from the part `image` of the source."""
    source = item.parameters.source
    parameters = replace(
        item.parameters,
        width=tile.side,
        height=tile.side,
        source=replace(source, scale=1) if source else None,
    )
    return replace(item, request=GenerationRequest(parameters, item.request.safety_check, image))


def _report_tile(on_step: OnStep, done: int, tiles: int) -> OnStep:
    """Count a tile's steps as steps of the whole picture; a tile has no preview."""

    def report(step: int, steps: int, _preview: Preview | None) -> None:
        on_step(done * steps + step, tiles * steps, None)

    return report


def _starts(length: int, side: int) -> list[int]:
    if length == side:
        return [0]
    count = -(-(length - side) // max(1, int(side * (1 - _OVERLAP)))) + 1
    return [round(place * (length - side) / (count - 1)) for place in range(count)]


def _fade(side: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weights along a tile's side, 1 in the middle."""
    pixels = np.arange(side) + 0.5
    edge: np.ndarray[tuple[int], np.dtype[np.float64]] = np.minimum(pixels, side - pixels)
    return np.clip(edge / (side * _OVERLAP), 1e-3, 1.0)
