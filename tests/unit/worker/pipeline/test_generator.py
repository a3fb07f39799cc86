"""Loading and drawing with diffusers' real classes, at toy size with random weights."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker.errors import (
    GenerationError,
    LeaseLostError,
    ModelLoadError,
    OptionRefusedError,
)
from discord_diffusion.worker.pipeline import loading
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from tests.unit.worker.fakes import make_parameters, make_settings
from tests.unit.worker.pipeline.drawing import draw, load, pixels

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")


@pytest.fixture(scope="module")
def generator(tiny_model_folder: Path) -> DiffusersGenerator:
    return load(tiny_model_folder)


def test_picture_i_has_the_seed_of_its_job_plus_i(
    generator: DiffusersGenerator,
) -> None:
    made = draw(generator, make_parameters(seed=2**32 - 2, images=4))
    assert [picture.seed for picture in made.pictures] == [2**32 - 2, 2**32 - 1, 0, 1]
    assert {picture.image.size for picture in made.pictures} == {(32, 32)}
    first, second, *_ = pixels(made)
    assert np.abs(first - second).max() > 8


def test_the_same_seed_gives_the_same_bytes(generator: DiffusersGenerator) -> None:
    parameters = make_parameters(images=3)
    once, again = (draw(generator, parameters) for _ in range(2))
    for left, right in zip(once.pictures, again.pictures, strict=True):
        assert left.image.tobytes() == right.image.tobytes()


def test_prompt_and_negative_prompt_reach_the_model(generator: DiffusersGenerator) -> None:
    plain = pixels(draw(generator, make_parameters(guidance=20.0)))
    for change in ({"prompt": "z " * 30}, {"negative_prompt": "z " * 30}):
        changed = pixels(draw(generator, make_parameters(guidance=20.0, **change)))
        assert any((left != right).any() for left, right in zip(plain, changed, strict=True))


@pytest.mark.parametrize("prompt", ["x" * 6000, "\0", "🟥" * 200, "‮abc", "`@everyone`"])
def test_any_prompt_can_be_drawn(generator: DiffusersGenerator, prompt: str) -> None:
    assert len(draw(generator, make_parameters(prompt=prompt)).pictures) == 2


def test_every_step_is_reported_and_the_phases_add_up(generator: DiffusersGenerator) -> None:
    steps: list[tuple[int, int]] = []
    made = draw(
        generator,
        make_parameters(steps=4),
        lambda done, all_steps, _preview: steps.append((done, all_steps)),
    )
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    phases = made.seconds
    assert min(phases.first_step, phases.other_steps, phases.decode) > 0
    assert phases.total == pytest.approx(phases.first_step + phases.other_steps + phases.decode)


def test_an_error_of_the_pipeline_becomes_a_generation_error(generator: DiffusersGenerator) -> None:
    without_picture = make_parameters(source=SourceImage("https://cdn.test/a.png", 0.5))
    with pytest.raises(GenerationError, match="no source image"):
        draw(generator, without_picture)


def test_the_scheduler_of_the_settings_replaces_the_models_own(tiny_model_folder: Path) -> None:
    loaded = DiffusersGenerator.load(
        make_settings(MODEL=str(tiny_model_folder), SCHEDULER="EulerDiscreteScheduler").pipeline
    )
    assert loaded.model.scheduler == "EulerDiscreteScheduler"
    assert loaded.model.name == tiny_model_folder.name
    draw(loaded, make_parameters(images=1))


def test_a_model_saved_for_another_task_is_loaded_for_text_to_image(
    tiny_model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "image-to-image"
    shutil.copytree(tiny_model_folder, folder)
    index = folder / "model_index.json"
    index.write_text(
        index.read_text().replace("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline")
    )
    loaded = DiffusersGenerator.load(make_settings(MODEL=str(folder)).pipeline)
    assert len(draw(loaded, make_parameters()).pictures) == 2


def test_a_scheduler_that_does_not_suit_the_model_is_an_option_to_choose_anew(
    generator: DiffusersGenerator,
) -> None:
    with pytest.raises(OptionRefusedError, match="does not suit this model"):
        draw(generator, make_parameters(scheduler="FlowMatchHeunDiscreteScheduler"))


def test_a_model_that_was_distilled_for_its_scheduler_is_drawn_by_no_other(
    tiny_model_folder: Path,
) -> None:
    model = load(tiny_model_folder, SCHEDULER="LCMScheduler")
    with pytest.raises(OptionRefusedError, match="; LCMScheduler do"):
        draw(model, make_parameters(scheduler="DDIMScheduler"))


@pytest.mark.parametrize("steps", [1, 3])
def test_pndm_draws_any_number_of_steps_with_a_model_that_is_not_its_own(
    generator: DiffusersGenerator, steps: int
) -> None:
    drawn = draw(generator, make_parameters(scheduler="PNDMScheduler", steps=steps, images=1))
    assert len(drawn.pictures) == 1


def test_a_model_of_another_scheduler_starts_with_pndm_in_the_settings(
    tiny_model_folder: Path,
) -> None:
    assert load(tiny_model_folder, SCHEDULER="PNDMScheduler").model.scheduler == "PNDMScheduler"


@pytest.mark.parametrize("name", ["NoSuchScheduler", "AutoencoderKL", "__version__"])
def test_an_unknown_scheduler_in_the_settings_is_refused_by_name(
    tiny_model_folder: Path, name: str
) -> None:
    with pytest.raises(ModelLoadError, match=f"SCHEDULER='{name}'"):
        DiffusersGenerator.load(
            make_settings(MODEL=str(tiny_model_folder), SCHEDULER=name).pipeline
        )


def test_the_error_about_a_folder_without_a_model_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"MODEL='.*' cannot be loaded"):
        DiffusersGenerator.load(make_settings(MODEL=str(tmp_path)).pipeline)


def test_the_warm_up_fails_for_a_model_that_loads_but_does_not_draw(
    tiny_model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(tiny_model_folder, folder)
    config = folder / "tokenizer" / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_max_length": 500}))
    loaded = DiffusersGenerator.load(make_settings(MODEL=str(folder)).pipeline)
    with pytest.raises(ModelLoadError, match="does not draw"):
        loaded.warm_up()


def test_an_error_of_the_step_callback_ends_the_generation(generator: DiffusersGenerator) -> None:
    def raise_lost_lease(_done: int, _steps: int, _preview: object) -> None:
        raise LeaseLostError("gone")

    with pytest.raises(LeaseLostError):
        draw(generator, make_parameters(), raise_lost_lease)


def test_a_missing_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelLoadError, match="DEVICE='cuda:1'"):
        loading.choose_device("cuda:1")
    assert loading.choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), torch.float16), ((9, 0), torch.bfloat16)]
)
def test_precision_follows_what_the_gpu_is_fast_in(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert loading.choose_dtype(torch.device("cuda")) is expected
    assert loading.choose_dtype(torch.device("cpu")) is torch.float32
