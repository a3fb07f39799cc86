"""Where a picture goes when more is drawn around it. Pure."""

from enum import StrEnum

from discord_diffusion.jobs.options import SIZE, SIZE_MULTIPLE
from discord_diffusion.jobs.parameters import Box

_KEPT_SHARE = 2 / 3
"""Of each side, when a picture is drawn from farther away."""
_ADDED_SHARE = 1 / 2
"""Of the side along which a picture is continued."""


class Direction(StrEnum):
    """The side on which a picture is continued."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


def zoomed_out(width: int, height: int) -> Box:
    """The box of a picture in one of the same size that shows what is around it."""
    across, down = (
        min(side, _whole(side * _KEPT_SHARE, 2 * SIZE_MULTIPLE)) for side in (width, height)
    )
    return Box((width - across) // 2, (height - down) // 2, across, down)


def panned(width: int, height: int, direction: Direction) -> tuple[int, int, Box]:
    """Width and height of a picture that is continued on one side, and the box of the first."""
    along = direction not in (Direction.UP, Direction.DOWN)
    added = _added(width if along else height)
    before = added if direction in (Direction.LEFT, Direction.UP) else 0
    left, top = (before, 0) if along else (0, before)
    wider, higher = (width + added, height) if along else (width, height + added)
    return wider, higher, Box(left, top, width, height)


def can_pan(width: int, height: int) -> bool:
    """Whether a picture that is continued on any side is not larger than is allowed."""
    return max(side + _added(side) for side in (width, height)) <= SIZE[1]


def _added(side: int) -> int:
    return _whole(side * _ADDED_SHARE, SIZE_MULTIPLE)


def _whole(pixels: float, multiple: int) -> int:
    """The nearest multiple, and one at least."""
    return max(1, round(pixels / multiple)) * multiple
