"""Where a picture goes when more is drawn around it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.jobs.outpainting import Direction, can_pan, panned, zoomed_out
from discord_diffusion.jobs.parameters import Box, GenerationParameters, SourceImage

sides = st.integers(1, 340).map(lambda number: number * 8)


def test_a_picture_from_farther_away_has_two_thirds_of_its_sides_in_the_middle() -> None:
    assert zoomed_out(512, 768) == Box(88, 128, 336, 512)
    assert zoomed_out(64, 64) == Box(8, 8, 48, 48)
    assert zoomed_out(24, 8) == Box(4, 0, 16, 8)


@pytest.mark.parametrize(
    ("direction", "continued"),
    [
        (Direction.LEFT, (768, 256, Box(256, 0, 512, 256))),
        (Direction.RIGHT, (768, 256, Box(0, 0, 512, 256))),
        (Direction.UP, (512, 384, Box(0, 128, 512, 256))),
        (Direction.DOWN, (512, 384, Box(0, 0, 512, 256))),
    ],
)
def test_a_picture_is_continued_by_half_of_its_side(
    direction: Direction, continued: tuple[int, int, Box]
) -> None:
    assert panned(512, 256, direction) == continued


def test_the_smallest_picture_is_continued_by_eight_pixels() -> None:
    assert panned(8, 8, Direction.RIGHT) == (16, 8, Box(0, 0, 8, 8))


@given(sides, sides, st.sampled_from(Direction))
def test_every_job_that_continues_a_picture_is_valid(
    width: int, height: int, direction: Direction
) -> None:
    assert can_pan(width, height)
    wider, higher, box = panned(width, height, direction)
    source = SourceImage("https://cdn.discordapp.com/a.png", 1.0, box=box)
    job = GenerationParameters("x", 1, 5, 5.0, wider, higher, 1, source=source)
    assert GenerationParameters.from_json(job.to_json()) == job
    around = replace(source, box=zoomed_out(width, height))
    job = replace(job, width=width, height=height, source=around)
    assert GenerationParameters.from_json(job.to_json()) == job


def test_a_picture_is_not_continued_beyond_the_largest_size() -> None:
    assert can_pan(2728, 512)
    assert not can_pan(2736, 512)
