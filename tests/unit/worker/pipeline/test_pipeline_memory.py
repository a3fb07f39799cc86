"""Too little memory, bad numbers and bad jobs: who loses a picture, and that serving goes on.

The errors are real ones, raised where a GPU raises them: in the denoiser or the autoencoder.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker.errors import (
    BlankPictureError,
    GenerationError,
    LeaseLostError,
    OutOfMemoryError,
)
from discord_diffusion.worker.generation import Generation, GenerationRequest, Preview
from discord_diffusion.worker.pipeline import DiffusersGenerator
from discord_diffusion.worker.pipeline.capacity import Capacity
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import (
    draw,
    draw_all,
    ignore,
    load,
    pixels,
)


@pytest.fixture(scope="module")
def loaded(tiny_model_folder: Path) -> DiffusersGenerator:
    return load(tiny_model_folder)


@pytest.fixture
def generator(loaded: DiffusersGenerator) -> DiffusersGenerator:
    """Has forgotten what was too much in other tests."""
    loaded._capacities[None] = Capacity.on_cpu(32 * 32, 16)
    return loaded


def pipe(generator: DiffusersGenerator) -> Any:
    return generator._shelf.get(None).text_to_image


@contextmanager
def wrapped(owner: Any, method: str, before: Callable[[torch.Tensor], None]) -> Iterator[list[int]]:
    """Calls `before` with the first tensor of each call; yields the sizes of batches."""
    plain, sizes = getattr(owner, method), []

    def call(first: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        sizes.append(first.shape[0])
        before(first)
        return plain(first, *arguments, **named)

    setattr(owner, method, call)
    try:
        yield sizes
    finally:
        setattr(owner, method, plain)


def at_most(elements: int) -> Callable[[torch.Tensor], None]:
    def check(tensor: torch.Tensor) -> None:
        if tensor.numel() > elements:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    return check


ROW = 4 * 8 * 8
"""Numbers in the latents of one picture of 32x32; with guidance a picture has two rows."""


def test_a_batch_that_does_not_fit_is_drawn_in_halves_with_the_same_pictures(
    generator: DiffusersGenerator,
) -> None:
    requests = [GenerationRequest(make_parameters(seed=seed, images=3)) for seed in (1, 50)]
    expected = [pixels(one) for one in draw_all(generator, requests)]
    with wrapped(pipe(generator).unet, "forward", at_most(2 * 2 * ROW)) as sizes:
        made = [pixels(one) for one in draw_all(generator, requests)]
        assert max(sizes[1:]) <= 6
        assert np.array_equal(made, expected)
        sizes.clear()
        draw_all(generator, requests)
    assert max(sizes) <= 2 * 2, "what was too much is not tried again"


def test_a_picture_that_does_not_fit_alone_fails_its_job_and_serving_goes_on(
    generator: DiffusersGenerator,
) -> None:
    large = make_parameters(width=64, height=64, images=3)
    with wrapped(pipe(generator).unet, "forward", at_most(2 * ROW)):
        with pytest.raises(OutOfMemoryError, match="out of memory"):
            draw(generator, large)
        assert len(draw(generator, make_parameters(images=3)).pictures) == 3
    generator._capacities[None] = Capacity.on_cpu(32 * 32, 16)
    assert len(draw(generator, large).pictures) == 3


def test_a_decoder_short_of_memory_decodes_one_by_one(
    generator: DiffusersGenerator,
) -> None:
    parameters = make_parameters(images=3)
    expected = pixels(draw(generator, parameters))
    decoder = generator._shelf.get(None).decoder
    with (
        wrapped(decoder, "_decode", at_most(ROW)) as sizes,
        wrapped(pipe(generator).unet, "forward", lambda _latents: None) as steps,
    ):
        assert np.array_equal(pixels(draw(generator, parameters)), expected)
    assert sizes == [3, 1, 1, 1]
    assert len(steps) == parameters.steps, "nothing is denoised again"


def test_a_decoder_short_of_memory_for_one_picture_decodes_in_tiles(tmp_path: Path) -> None:
    from tests.unit.worker.pipeline.tiny_families import save_family

    save_family("sd", tmp_path)
    generator = load(tmp_path)
    decoder = generator._shelf.get(None).decoder
    tiled: list[bool] = []

    def only_in_tiles(_latents: torch.Tensor) -> None:
        tiled.append(bool(pipe(generator).vae.use_tiling))
        if not tiled[-1]:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with wrapped(decoder, "_decode", only_in_tiles):
        assert len(draw(generator, make_parameters(images=1)).pictures) == 1
    assert tiled == [False, True]
    assert not pipe(generator).vae.use_tiling


def test_a_source_that_does_not_fit_whole_is_drawn_in_tiles(generator: DiffusersGenerator) -> None:
    parameters = make_parameters(images=1, source=SourceImage("https://cdn.test/a", 0.4, scale=3))
    source = Image.linear_gradient("L").resize((32, 32)).convert("RGB")
    request = GenerationRequest(parameters, source=source)
    with wrapped(pipe(generator).unet, "forward", at_most(2 * ROW)) as sizes:
        [made] = draw_all(generator, [request])
    assert made.pictures[0].image.size == (96, 96)
    assert len(sizes) > 9


def test_what_is_wrong_with_one_job_costs_no_other(generator: DiffusersGenerator) -> None:
    good, bad = (make_parameters(seed=seed, prompt=prompt) for seed, prompt in ((1, "a"), (2, "b")))
    expected = pixels(draw(generator, good))
    plain = pipe(generator).encode_prompt

    def refuse(prompt: list[str], *arguments: Any, **named: Any) -> Any:
        if "b" in prompt:
            raise ValueError("no such word")
        return plain(prompt, *arguments, **named)

    pipe(generator).encode_prompt = refuse
    try:
        made = generator.generate([GenerationRequest(one) for one in (good, bad, good)], ignore)
    finally:
        del pipe(generator).encode_prompt
    assert [type(one) for one in made] == [Generation, GenerationError, Generation]
    assert isinstance(made[2], Generation)
    assert np.array_equal(pixels(made[2]), expected)
    assert "no such word" in str(made[1])


def test_a_picture_of_no_numbers_is_left_out_and_counted(generator: DiffusersGenerator) -> None:
    decoder = generator._shelf.get(None).decoder

    def spoil_second(latents: torch.Tensor) -> None:
        latents[1] = torch.nan

    with wrapped(decoder, "_decode", spoil_second):
        made = draw(generator, make_parameters(images=3, seed=5))
    assert [picture.seed for picture in made.pictures] == [5, 7]
    assert (made.blank, made.filtered) == (1, 0)


@pytest.mark.parametrize("value", [float("nan"), -1.0], ids=["no numbers", "black"])
def test_a_job_without_any_good_picture_fails(generator: DiffusersGenerator, value: float) -> None:
    decoder = generator._shelf.get(None).decoder
    plain = decoder._decode
    decoder._decode = lambda *arguments, **named: (plain(*arguments, **named)[0] * 0 + value,)
    try:
        with pytest.raises(BlankPictureError):
            draw(generator, make_parameters())
    finally:
        decoder._decode = plain
    assert len(draw(generator, make_parameters()).pictures) == 2


def test_an_autoencoder_that_overflows_goes_on_in_fp32(tiny_model_folder: Path) -> None:
    generator = load(tiny_model_folder, PRECISION="bf16")
    vae, decoder = pipe(generator).vae, generator._shelf.get(None).decoder
    plain = decoder._decode

    def overflow(latents: torch.Tensor, **named: Any) -> Any:
        images = plain(latents, **named)[0]
        return (images if latents.dtype is torch.float32 else images + torch.inf,)

    decoder._decode = overflow
    assert vae.dtype is torch.bfloat16
    made = draw(generator, make_parameters(images=2))
    assert len(made.pictures) == 2
    assert vae.dtype is torch.float32


def test_pictures_that_the_safety_checker_flags_are_held_back_from_those_who_want_it(
    tmp_path: Path,
) -> None:
    from tests.unit.worker.pipeline.tiny_families import save_family

    save_family("sd", tmp_path)
    generator = load(tmp_path)
    checker = generator._shelf.get(None).safety._checker
    checker.concept_embeds_weights.data.fill_(-2.0)  # below any similarity: everything is flagged
    requests = [GenerationRequest(make_parameters(images=2), wanted) for wanted in (True, False)]
    sketches: list[tuple[object, object]] = []

    def look(_done: int, _steps: int, preview: Preview | None) -> None:
        sketches.append((preview(0), preview(1)) if preview else (None, None))

    checked, unchecked = draw_all(generator, requests, look)
    assert all(of_checked is None for of_checked, _ in sketches), "nobody has checked a sketch"
    assert (len(checked.pictures), checked.filtered, checked.blank) == (0, 2, 0)
    assert (len(unchecked.pictures), unchecked.filtered) == (2, 0)
    assert all(image.any() for image in pixels(unchecked))


def test_whoever_watches_ends_the_whole_batch_whatever_else_is_mended(
    generator: DiffusersGenerator,
) -> None:
    def object_to(_done: int, _steps: int, _preview: object) -> None:
        raise LeaseLostError("gone")

    with (
        wrapped(pipe(generator).unet, "forward", at_most(2 * 2 * ROW)) as sizes,
        pytest.raises(LeaseLostError),
    ):
        draw(generator, make_parameters(images=4), object_to)
    assert sizes == [8, 4]


class Simulated:
    """A device where a picture takes so many bytes beside the weights."""

    def __init__(self, weights: int, each: int, total: int) -> None:
        self.weights, self.each, self.total = weights, each, total
        self.drawn = 0

    def draw(self, count: int) -> None:
        self.drawn = count

    def peak(self, work: Callable[[], object]) -> int:
        work()
        return self.weights + self.each * self.drawn

    def budget(self) -> int:
        return self.total


@pytest.mark.parametrize(
    ("total", "expected"), [(1000, 9), (10_000, 16), (200, 1), (50, 1)], ids=str
)
def test_capacity_is_what_fits_beside_the_weights(total: int, expected: int) -> None:
    device = Simulated(weights=100, each=100, total=total)
    capacity = Capacity.measured(device, device.draw, pixels=64, most=16)
    assert capacity.of(64) == expected
    assert capacity.of(64 * 10_000) == 1


def test_where_a_second_picture_does_not_fit_capacity_is_one() -> None:
    class Tight(Simulated):
        def draw(self, count: int) -> None:
            if count > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")

    device = Tight(weights=100, each=100, total=10_000)
    assert Capacity.measured(device, device.draw, pixels=64, most=16).of(64) == 1
