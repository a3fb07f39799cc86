"""Tiles that cover a picture, and source images brought to size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from discord_diffusion.worker.pipeline.pipeline_call import crop_centre, fit_source
from discord_diffusion.worker.pipeline.tiling import cover, join
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters


@given(width=st.integers(8, 700), height=st.integers(8, 700), side=st.integers(8, 256))
def test_tiles_cover_the_picture_and_stay_inside(width: int, height: int, side: int) -> None:
    covered = np.zeros((height, width), dtype=int)
    for tile in cover(width, height, side):
        left, top, right, bottom = tile.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1


def test_tiles_of_a_picture_joined_are_the_picture() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (100, 150, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    parts = [(tile, picture.crop(tile.box)) for tile in cover(150, 100, 48)]
    assert len(parts) > 4
    assert np.array_equal(np.asarray(join((150, 100), parts)), noise)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "1"])
def test_a_source_image_of_any_mode_and_shape_is_brought_to_size(mode: str) -> None:
    request = GenerationRequest(make_parameters(), source=Image.new(mode, (50, 20)))
    image = fit_source(request, (64, 32))
    assert (image.size, image.mode) == ((64, 32), "RGB")


def test_a_transparent_source_image_is_white_where_it_has_holes() -> None:
    source = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    image = fit_source(GenerationRequest(make_parameters(), source=source), (8, 8))
    assert image.getpixel((4, 4)) == (255, 255, 255)


def test_a_larger_picture_is_cropped_to_its_centre() -> None:
    image = Image.new("RGB", (16, 24), "red")
    image.putpixel((8, 12), (0, 0, 255))
    assert crop_centre(image, (8, 8)).getpixel((4, 4)) == (0, 0, 255)
