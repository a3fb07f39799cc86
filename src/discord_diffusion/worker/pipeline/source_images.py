"""Pictures to begin from: brought to size, whole or in tiles."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

OVERLAP = 1 / 8
"""Share of a tile's side that it shares with its neighbour."""


@dataclass(frozen=True)
class Tile:
    """A square part of a picture; pixels from the upper left corner."""

    left: int
    top: int
    side: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """As Pillow takes it."""
        return self.left, self.top, self.left + self.side, self.top + self.side


def fitted(source: Image.Image, width: int, height: int) -> Image.Image:
    """The picture in that size, cut where its proportions differ, on white where it has holes."""
    if source.mode in ("RGBA", "LA", "P"):
        layer = source.convert("RGBA")
        source = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return ImageOps.fit(source.convert("RGB"), (width, height), Image.Resampling.LANCZOS)


def centre(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of a picture that is as large or a little larger."""
    left, top = ((have - want) // 2 for have, want in zip(image.size, size, strict=True))
    return image.crop((left, top, left + size[0], top + size[1]))


def tiles(width: int, height: int, side: int) -> list[Tile]:
    """Tiles that cover a picture and overlap; none is larger than the picture."""
    side = min(side, width, height)
    return [Tile(left, top, side) for top in _starts(height, side) for left in _starts(width, side)]


def join(size: tuple[int, int], parts: Iterable[tuple[Tile, Image.Image]]) -> Image.Image:
    """Tiles blended into one picture, each fading out towards its edges."""
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


def _starts(length: int, side: int) -> list[int]:
    if length == side:
        return [0]
    count = -(-(length - side) // max(1, int(side * (1 - OVERLAP)))) + 1
    return [round(place * (length - side) / (count - 1)) for place in range(count)]


def _fade(side: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    edge = np.arange(side) + 0.5
    fade: np.ndarray[tuple[int], np.dtype[np.float64]] = np.minimum(edge, side - edge)
    return np.clip(fade / (side * OVERLAP), 1e-3, 1.0)
