"""Source pictures brought to size, tiles, sketches and compiled shapes: the parts by themselves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from discord_diffusion.worker.pipeline import compiled
from discord_diffusion.worker.pipeline.sketches import Sketcher, clean_estimate
from discord_diffusion.worker.pipeline.source_images import (
    centre,
    fitted,
    join,
    tiles,
)


@given(width=st.integers(8, 700), height=st.integers(8, 700), side=st.integers(8, 256))
def test_tiles_cover_the_picture_and_stay_inside(width: int, height: int, side: int) -> None:
    covered = np.zeros((height, width), dtype=int)
    for tile in tiles(width, height, side):
        left, top, right, bottom = tile.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1


def test_tiles_of_a_picture_joined_are_the_picture() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (100, 150, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    parts = [(tile, picture.crop(tile.box)) for tile in tiles(150, 100, 48)]
    assert len(parts) > 4
    assert np.array_equal(np.asarray(join((150, 100), parts)), noise)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "1"])
def test_a_source_of_any_kind_and_shape_is_brought_to_size(mode: str) -> None:
    image = fitted(Image.new(mode, (50, 20)), 64, 32)
    assert (image.size, image.mode) == ((64, 32), "RGB")


def test_a_transparent_source_is_white_where_it_has_holes() -> None:
    image = fitted(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), 8, 8)
    assert image.getpixel((4, 4)) == (255, 255, 255)


def test_the_middle_is_cut_out() -> None:
    image = Image.new("RGB", (16, 24), "red")
    image.putpixel((8, 12), (0, 0, 255))
    assert centre(image, (8, 8)).getpixel((4, 4)) == (0, 0, 255)


def test_a_sketch_finds_the_colours_of_a_linear_decoder() -> None:
    sketcher, generator = Sketcher(), torch.Generator().manual_seed(3)
    weights = torch.randn(3, 4, generator=generator) / 4

    def decode(latents: torch.Tensor) -> torch.Tensor:
        colours = torch.einsum("oc,nchw->nohw", weights, latents) + 0.1
        return colours.repeat_interleave(8, 2).repeat_interleave(8, 3)

    assert not sketcher.ready
    lesson, latents = (torch.randn(2, 4, 8, 8, generator=generator) for _ in range(2))
    sketcher.learn(lesson, decode(lesson))
    assert sketcher.ready
    sketch = sketcher.sketch(latents)
    small = np.asarray(sketch.resize((16, 8), Image.Resampling.BOX)).astype(float)
    shown = decode(latents).clamp(-1, 1)[:, :, ::8, ::8].permute(0, 2, 3, 1)
    wanted = ((torch.cat(list(shown), dim=1) + 1) * 127.5).numpy()
    assert np.abs(small - wanted).mean() < 12, "but for what enlarging blurs"


def test_numbers_that_are_none_teach_nothing() -> None:
    sketcher = Sketcher()
    sketcher.learn(torch.full((1, 4, 8, 8), torch.nan), torch.zeros(1, 3, 64, 64))
    assert not sketcher.ready


def test_the_schedulers_own_guess_is_preferred_to_noise() -> None:
    latents, guess = torch.full((1, 4, 2, 2), 9.0), torch.ones(1, 4, 2, 2)
    knows = SimpleNamespace(config={"algorithm_type": "dpmsolver++"}, model_outputs=[None, guess])
    assert clean_estimate(knows, latents) is guess
    assert clean_estimate(SimpleNamespace(config={}), latents).shape == latents.shape


class Network(torch.nn.Module):
    """Says which code ran."""

    def forward(self, hidden_states: torch.Tensor) -> tuple[str, int]:
        return "plain", hidden_states.shape[0]


def test_compiled_code_runs_for_prepared_shapes_only() -> None:
    network: Any = Network()
    choice = compiled.ShapeChoice(network, lambda hidden_states: ("compiled", len(hidden_states)))
    with choice.preparing():
        assert network(torch.zeros(4, 2)) == ("compiled", 4)
    assert network(torch.zeros(4, 2)) == ("compiled", 4)
    assert network(hidden_states=torch.zeros(4, 2)) == ("compiled", 4)
    assert network(torch.zeros(3, 2)) == ("plain", 3)
    assert network(torch.zeros(4, 2).double()) == ("plain", 4)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 4), (4, 4), (5, 8), (9, 9)])
def test_batches_are_filled_up_to_what_is_compiled(count: int, expected: int) -> None:
    assert compiled.fill(count, [1, 4, 8]) == expected
    assert compiled.fill(count, []) == count


@pytest.mark.parametrize(
    ("wanted", "device", "cache", "mode"),
    [
        ("auto", "cpu", "/cache", "off"),
        ("auto", "cuda", None, "off"),
        ("auto", "cuda", "/cache", "full"),
        ("regional", "cpu", None, "regional"),
        ("off", "cuda", "/cache", "off"),
    ],
)
def test_what_is_compiled_by_itself(wanted: str, device: str, cache: str, mode: str) -> None:
    assert compiled.choose_mode(wanted, torch.device(device), cache) == mode


def test_compiled_code_is_kept_where_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        monkeypatch.setenv(name, "elsewhere")
    folder = tmp_path / "cache"
    compiled.keep_compiled_code(str(folder))
    assert cache_dir() == str(folder)
    assert folder.is_dir()
