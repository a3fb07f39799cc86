"""A batch in which something fails: which jobs lose a picture, and that the worker goes on.

The errors are real ones, raised where a GPU raises them: in the denoiser or the autoencoder.
"""

from contextlib import AbstractContextManager
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
from discord_diffusion.worker.pipeline.capacity import Capacity
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import Generation, GenerationRequest, Preview
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, draw_all, ignore, load, pixels
from tests.unit.worker.pipeline.faults import (
    LATENTS_OF_ONE_PICTURE,
    default_model,
    intercepted,
    out_of_memory_above,
)


@pytest.fixture(scope="module")
def loaded(tiny_model_folder: Path) -> DiffusersGenerator:
    return load(tiny_model_folder)


def memory_for(generator: DiffusersGenerator, rows: int) -> AbstractContextManager[list[int]]:
    """Let the denoiser run out of memory above so many rows; with guidance a picture has two.

    The context's value is the list of the rows of each step.
    """
    unet = default_model(generator).text_to_image.unet
    return intercepted(unet, "forward", out_of_memory_above(rows * LATENTS_OF_ONE_PICTURE))


@pytest.fixture
def generator(loaded: DiffusersGenerator) -> DiffusersGenerator:
    """A generator whose capacity other tests have not reduced."""
    loaded._capacities[None] = Capacity.on_cpu(32 * 32, 16)
    return loaded


def test_a_batch_that_does_not_fit_is_drawn_in_halves_with_the_same_pictures(
    generator: DiffusersGenerator,
) -> None:
    requests = [GenerationRequest(make_parameters(seed=seed, images=3)) for seed in (1, 50)]
    expected = [pixels(generation) for generation in draw_all(generator, requests)]
    with memory_for(generator, rows=4) as sizes:
        made = [pixels(generation) for generation in draw_all(generator, requests)]
        assert max(sizes[1:]) <= 6
        assert np.array_equal(made, expected)
        sizes.clear()
        draw_all(generator, requests)
    assert max(sizes) <= 2 * 2, "a size that did not fit is not tried again"


def test_the_steps_of_all_halves_are_reported_as_those_of_one_batch(
    generator: DiffusersGenerator,
) -> None:
    reported: list[tuple[int, int]] = []

    def report(done: int, steps: int, _preview: object) -> None:
        reported.append((done, steps))

    with memory_for(generator, rows=4):
        draw(generator, make_parameters(images=4, steps=3), report)
    assert reported == [(done, 6) for done in range(1, 7)]


def test_a_picture_that_does_not_fit_fails_its_job_and_later_jobs_are_drawn(
    generator: DiffusersGenerator,
) -> None:
    large = make_parameters(width=64, height=64, images=3)
    with memory_for(generator, rows=2):
        with pytest.raises(OutOfMemoryError, match="out of memory"):
            draw(generator, large)
        assert len(draw(generator, make_parameters(images=3)).pictures) == 3
    generator._capacities[None] = Capacity.on_cpu(32 * 32, 16)
    assert len(draw(generator, large).pictures) == 3


def test_a_source_that_does_not_fit_whole_is_drawn_in_tiles(generator: DiffusersGenerator) -> None:
    parameters = make_parameters(images=1, source=SourceImage("https://cdn.test/a", 0.4, scale=3))
    source = Image.linear_gradient("L").resize((32, 32)).convert("RGB")
    request = GenerationRequest(parameters, source=source)
    with memory_for(generator, rows=2) as sizes:
        [made] = draw_all(generator, [request])
    assert made.pictures[0].image.size == (96, 96)
    assert len(sizes) > 9


def test_an_error_of_one_job_fails_no_other_job_of_the_batch(generator: DiffusersGenerator) -> None:
    good, bad = (make_parameters(seed=seed, prompt=prompt) for seed, prompt in ((1, "a"), (2, "b")))
    expected = pixels(draw(generator, good))
    original = default_model(generator).text_to_image.encode_prompt

    def refuse(prompt: list[str], *arguments: Any, **named: Any) -> Any:
        if "b" in prompt:
            raise ValueError("no such word")
        return original(prompt, *arguments, **named)

    default_model(generator).text_to_image.encode_prompt = refuse
    try:
        made = generator.generate(
            [GenerationRequest(parameters) for parameters in (good, bad, good)], ignore
        )
    finally:
        del default_model(generator).text_to_image.encode_prompt
    assert [type(result) for result in made] == [Generation, GenerationError, Generation]
    assert isinstance(made[2], Generation)
    assert np.array_equal(pixels(made[2]), expected)
    assert "no such word" in str(made[1])


def test_a_picture_of_nan_values_is_left_out_and_counted(generator: DiffusersGenerator) -> None:
    decoder = default_model(generator).decoder

    def spoil_second(latents: torch.Tensor) -> None:
        latents[1] = torch.nan

    with intercepted(decoder, "_vae_decode", spoil_second):
        made = draw(generator, make_parameters(images=3, seed=5))
    assert [picture.seed for picture in made.pictures] == [5, 7]
    assert (made.blank, made.filtered) == (1, 0)


@pytest.mark.parametrize("value", [float("nan"), -1.0], ids=["no numbers", "black"])
def test_a_job_whose_pictures_are_all_blank_fails(
    generator: DiffusersGenerator, value: float
) -> None:
    decoder = default_model(generator).decoder
    original, jobs = decoder._vae_decode, [1]

    def spoil_the_job(latents: torch.Tensor, **named: Any) -> Any:
        [images] = original(latents, **named)
        return (images * 0 + value if jobs and jobs.pop() else images,)

    decoder._vae_decode = spoil_the_job
    try:
        with pytest.raises(BlankPictureError):
            draw(generator, make_parameters())
    finally:
        decoder._vae_decode = original
    assert len(draw(generator, make_parameters()).pictures) == 2


def test_flagged_pictures_are_held_back_only_from_jobs_that_want_the_safety_check(
    tmp_path: Path,
) -> None:
    from tests.unit.worker.pipeline.tiny_families import save_family

    save_family("sd", tmp_path)
    generator = load(tmp_path)
    safety_checker = default_model(generator).safety_checker
    assert safety_checker
    checker = safety_checker.network
    checker.concept_embeds_weights.data.fill_(-2.0)  # below any similarity: everything is flagged
    requests = [GenerationRequest(make_parameters(images=2), wanted) for wanted in (True, False)]
    sketches: list[tuple[object, object]] = []

    def take_sketches(_done: int, _steps: int, preview: Preview | None) -> None:
        sketches.append((preview(0), preview(1)) if preview else (None, None))

    checked, unchecked = draw_all(generator, requests, take_sketches)
    assert all(of_checked is None for of_checked, _ in sketches), (
        "the safety checker has not seen a sketch"
    )
    assert (len(checked.pictures), checked.filtered, checked.blank) == (0, 2, 0)
    assert (len(unchecked.pictures), unchecked.filtered) == (2, 0)
    assert all(image.any() for image in pixels(unchecked))


def test_an_error_of_the_step_callback_ends_the_batch_and_is_not_retried(
    generator: DiffusersGenerator,
) -> None:
    def raise_lost_lease(_done: int, _steps: int, _preview: object) -> None:
        raise LeaseLostError("gone")

    with (
        memory_for(generator, rows=4) as sizes,
        pytest.raises(LeaseLostError),
    ):
        draw(generator, make_parameters(images=4), raise_lost_lease)
    assert sizes == [8, 4]
