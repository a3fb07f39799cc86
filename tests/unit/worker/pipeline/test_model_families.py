"""Each family of models: loading, batches, guidance, image-to-image, previews."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import GenerationRequest, Preview
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, draw_all, load, pixels
from tests.unit.worker.pipeline.faults import default_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")

SOURCE = SourceImage("https://cdn.test/a.png", strength=0.6, scale=2)


@pytest.fixture(scope="module", params=["sd", "sdxl", "sd3", "flux"])
def generator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> DiffusersGenerator:
    from tests.unit.worker.pipeline.tiny_families import save_family

    folder: Path = tmp_path_factory.mktemp(request.param)
    save_family(request.param, folder)
    return load(folder)


def test_several_jobs_drawn_in_one_pass_get_their_own_pictures(
    generator: DiffusersGenerator,
) -> None:
    steps: list[tuple[int, int]] = []
    requests = [
        GenerationRequest(make_parameters(seed=5, images=2), safety_check=False),
        GenerationRequest(make_parameters(seed=90, images=1, prompt="a"), safety_check=False),
    ]
    both = draw_all(generator, requests, lambda done, total, _preview: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert [[picture.seed for picture in made.pictures] for made in both] == [[5, 6], [90]]
    alone = [draw_all(generator, [request])[0] for request in requests]
    for together, separate in zip(both, alone, strict=True):
        for left, right in zip(pixels(together), pixels(separate), strict=True):
            assert np.abs(left - right).max() <= 1


def test_a_size_that_the_networks_cannot_do_is_cropped_from_a_larger_one(
    generator: DiffusersGenerator,
) -> None:
    request = GenerationRequest(make_parameters(width=40, height=24), safety_check=False)
    [made] = draw_all(generator, [request])
    assert {picture.image.size for picture in made.pictures} == {(40, 24)}


def test_image_to_image_begins_from_the_picture_at_the_requested_size(
    generator: DiffusersGenerator,
) -> None:
    drawn = []
    for colour in ("black", "white"):
        picture = Image.new("RGB", (50, 70), colour)
        request = GenerationRequest(make_parameters(source=SOURCE), False, picture)
        [made] = draw_all(generator, [request])
        assert {picture.image.size for picture in made.pictures} == {(64, 64)}
        drawn.append(pixels(made)[0])
    assert np.abs(drawn[0] - drawn[1]).max() > 0
    model = default_model(generator)
    ours, theirs = model.text_to_image.components, model.image_to_image.components
    assert ours["vae"] is theirs["vae"], "no second copy of the weights"


def test_a_preview_shows_the_pictures_of_one_job_side_by_side(
    generator: DiffusersGenerator,
) -> None:
    seen: list[Image.Image | None] = []

    def take_preview(_done: int, _steps: int, preview: Preview | None) -> None:
        assert preview is not None
        seen.append(preview(1))

    requests = [
        GenerationRequest(make_parameters(images=images), safety_check=False) for images in (1, 2)
    ]
    draw_all(generator, requests, take_preview)
    assert len(seen) == 3
    for image in seen:
        assert image is not None
        assert image.width == 2 * image.height


def test_another_seed_or_prompt_gives_another_picture(generator: DiffusersGenerator) -> None:
    base = make_parameters(images=1, guidance=5.0)
    for change in ({"seed": 8}, {"prompt": "a red circle " * 3 + "z"}):
        first, second = (
            pixels(draw(generator, parameters))
            for parameters in (base, make_parameters(images=1, guidance=5.0, **change))
        )
        assert all((left != right).any() for left, right in zip(first, second, strict=True))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("family", ["sd", "sdxl", "sd3", "flux"])
def test_a_model_in_half_precision_draws(family: str, precision: str, tmp_path: Path) -> None:
    """A GPU's half precision, on the CPU, where it is slow."""
    from tests.unit.worker.pipeline.tiny_families import save_family

    save_family(family, tmp_path)
    generator = load(tmp_path, PRECISION=precision)
    pipe = default_model(generator).text_to_image
    picture = Image.linear_gradient("L").resize((64, 64))
    source = replace(SOURCE, scale=1)
    for request in (
        GenerationRequest(make_parameters(steps=1), False),
        GenerationRequest(make_parameters(steps=2, source=source), False, picture),
        GenerationRequest(make_parameters(steps=1), False),
    ):
        [made] = draw_all(generator, [request])
        assert len(made.pictures) == 2
        assert made.blank == 0
        pipe.vae.to(torch.float32)  # as after an overflow
