"""Inpainting and outpainting by the pipelines' own classes: what is kept, what is drawn anew."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from discord_diffusion.jobs.parameters import Box, GenerationParameters, SourceImage
from discord_diffusion.worker.errors import OptionRefusedError
from discord_diffusion.worker.pipeline import interface
from discord_diffusion.worker.pipeline.inpainting import canvas, widened
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw_all, load, pixels
from tests.unit.worker.pipeline.faults import default_model
from tests.unit.worker.pipeline.tiny_families import save_family

MASKED = SourceImage("https://cdn.discordapp.com/a.png", 1.0, mask="https://cdn.discordapp.com/m")
BOXED = SourceImage("https://cdn.discordapp.com/a.png", 1.0, box=Box(0, 0, 64, 64))


def noise(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """A picture of which no two pixels are likely to be equal."""
    tones = np.random.default_rng(seed).integers(1, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(tones)


def half(size: tuple[int, int], *, white: str = "right") -> Image.Image:
    """A mask of two halves."""
    mask = Image.new("L", size)
    at = size[0] // 2 if white == "right" else 0
    mask.paste(255, (at, 0, at + size[0] // 2, size[1]))
    return mask


def request(parameters: GenerationParameters, **images: Image.Image) -> GenerationRequest:
    return GenerationRequest(parameters, **images)  # type: ignore[arg-type]


def masked(seed: int = 3, **changes: Any) -> GenerationParameters:
    return replace(
        make_parameters(width=64, height=64, images=1, seed=seed, source=MASKED), **changes
    )


def test_what_is_black_in_the_mask_is_kept_to_the_pixel_but_for_a_border() -> None:
    source, mask = noise((64, 64)), half((64, 64))
    made = canvas(request(masked(), source=source, mask=mask), (64, 64), 8)
    finished = np.asarray(made.finish(Image.new("RGB", (64, 64))))
    kept = np.asarray(source)
    assert (finished[:, :30] == kept[:, :30]).all()
    assert (finished[:, 32:] == 0).all()
    between = finished[:, 31].astype(int).sum() / kept[:, 31].astype(int).sum()
    assert 0 < between < 1


def test_a_grey_mask_is_read_as_black_and_white() -> None:
    mask = half((64, 64)).point([100 + tone // 4 for tone in range(256)])
    made = canvas(request(masked(), source=noise((64, 64)), mask=mask), (64, 64), 8)
    assert np.asarray(made.mask).tobytes() == np.asarray(half((64, 64))).tobytes()


def test_a_mask_lies_on_its_picture_however_the_picture_is_fitted() -> None:
    """A picture twice as wide as what is drawn is cropped: so is its mask, whatever its size."""
    source = noise((128, 64))
    made = canvas(request(masked(), source=source, mask=half((64, 32))), (64, 64), 8)
    assert (np.asarray(made.kept) == np.asarray(source)[:, 32:96]).all()
    assert np.asarray(made.mask).tobytes() == np.asarray(half((64, 64))).tobytes()


def test_a_cell_of_latents_is_drawn_anew_as_a_whole() -> None:
    mask = Image.new("L", (64, 64))
    mask.putpixel((9, 17), 255)
    made = canvas(request(masked(), source=noise((64, 64)), mask=mask), (64, 64), 8)
    cells = np.asarray(made.mask)
    assert (cells[16:24, 8:16] == 255).all()
    assert cells.astype(int).sum() == 64 * 255


def test_a_larger_canvas_continues_the_edges_and_keeps_the_picture() -> None:
    source = noise((40, 32))
    wide = masked(width=72, height=40, source=replace(BOXED, box=Box(16, 8, 40, 32)))
    made = canvas(request(wide, source=source), (80, 48), 8)
    assert made.image.size == made.mask.size == (80, 48)
    kept, image = np.asarray(source), np.asarray(made.image)
    # The canvas is in the middle of what the networks draw.
    assert (image[12:44, 20:60] == kept).all()
    assert (image[12:44, :20] == kept[:, :1]).all()
    finished = np.asarray(made.finish(Image.new("RGB", (72, 40))))
    assert (finished[10:40, 18:54] == kept[2:, 2:38]).all()
    assert (finished[:8] == 0).all()
    assert (finished[:, 60:] == 0).all()


@pytest.mark.parametrize("radius", [1, 7, 64])
def test_white_is_widened_by_its_radius_on_every_side(radius: int) -> None:
    mask = Image.fromarray(np.random.default_rng(radius).permutation(np.eye(90, 70, dtype=bool)))
    [points] = [np.asarray(mask).nonzero()]
    expected = np.zeros((90, 70), np.uint8)
    for line, column in zip(*points, strict=True):
        top, left = max(0, line - radius), max(0, column - radius)
        expected[top : line + radius + 1, left : column + radius + 1] = 255
    assert (np.asarray(widened(mask.convert("L"), radius)) == expected).all()


def test_a_mask_is_widened_without_a_look_at_every_neighbour() -> None:
    """A filter of ranks looks at 16,641 neighbours of each pixel, where it looks at 9 for 1."""

    def cost(radius: int) -> float:
        began = time.thread_time()
        widened(half((1024, 1024)), radius)
        return time.thread_time() - began

    assert min(cost(64) for _ in range(3)) < 30 * cost(1)


@pytest.fixture(scope="module", params=["sd", "sdxl", "lcm", "flux"])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp(request.param)
    save_family(request.param, folder)
    return request.param, load(folder, SAFETY_CHECKER="none")


def test_each_family_keeps_what_it_is_told_to_and_draws_the_rest(family: Any) -> None:
    name, generator = family
    pipe = default_model(generator).inpainting
    # Diffusers has no inpainting pipeline for LCM: its latents are kept by the worker.
    assert ("mask_image" in interface.parameters(type(pipe))) is (name != "lcm")
    source = noise((64, 64))
    first = request(masked(), source=source, mask=half((64, 64)))
    second = request(masked(9), source=noise((64, 64), 2), mask=half((64, 64), white="left"))
    outside = replace(make_parameters(width=96, height=64, images=1, seed=3), source=BOXED)
    [left], [right] = map(pixels, draw_all(generator, [first, second]))
    [[alone]] = map(pixels, draw_all(generator, [second]))
    [[other_seed]] = map(pixels, draw_all(generator, [replace(first, parameters=masked(4))]))
    [[wide]] = map(pixels, draw_all(generator, [request(outside, source=source)]))
    kept = np.asarray(source).astype(int)
    assert (left[:, :30] == kept[:, :30]).all()
    assert (left[:, 32:] != kept[:, 32:]).mean() > 0.9
    assert (right[:, 34:] == np.asarray(second.source)[:, 34:]).all()
    assert abs(right - alone).max() <= 1
    assert (left[:, 32:] != other_seed[:, 32:]).any()
    assert wide.shape == (64, 96, 3)
    assert (wide[:, :62] == kept[:, :62]).all()


def test_what_is_beside_the_mask_decides_what_is_drawn(family: Any) -> None:
    """Else it would be drawn without a look at the picture that it becomes a part of."""
    _name, generator = family
    mask = half((64, 64))
    seen = []
    for tone in ("black", "white"):
        source = Image.new("RGB", (64, 64), tone)
        [[drawn]] = map(pixels, draw_all(generator, [request(masked(), source=source, mask=mask)]))
        seen.append(drawn[:, 32:])
    assert abs(seen[0] - seen[1]).max() > 0


def test_a_model_that_edits_by_the_prompt_refuses_a_mask(tmp_path: Path) -> None:
    save_family("flux-kontext", tmp_path)
    generator = load(tmp_path)
    [result] = generator.generate(
        [request(masked(), source=noise((64, 64)), mask=half((64, 64)))], lambda *_: None
    )
    assert isinstance(result, OptionRefusedError)


def test_a_batch_holds_only_requests_that_one_pipeline_draws(
    tiny_model_folder: Path,
) -> None:
    generator = load(tiny_model_folder)
    keys = {
        generator.batch_key(masked(source=source))
        for source in (MASKED, replace(MASKED, mask=None), None)
    }
    assert len(keys) == 3
