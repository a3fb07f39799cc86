"""The safety checker shared by models that have none: real classes, toy size, random weights."""

import json
from pathlib import Path

import pytest

from discord_diffusion.worker.errors import GenerationError, ModelLoadError
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline.safety_checker import SafetyChecker
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw_all, load
from tests.unit.worker.pipeline.faults import default_model
from tests.unit.worker.pipeline.tiny_families import save_family

BELOW_ANY_SIMILARITY = -2.0


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model with a safety checker, and a model without."""
    checked = tmp_path_factory.mktemp("checked")
    unchecked = tmp_path_factory.mktemp("unchecked")
    save_family("sd", checked)
    save_family("sdxl", unchecked)
    return checked, unchecked


def checker_of(generator: DiffusersGenerator) -> SafetyChecker | None:
    return default_model(generator).safety_checker


def test_a_model_without_a_checker_is_checked_by_that_of_another_model(
    folders: tuple[Path, Path],
) -> None:
    checked, unchecked = folders
    generator = load(unchecked, SAFETY_CHECKER=str(checked))
    checker = checker_of(generator)
    assert checker
    checker.network.concept_embeds_weights.data.fill_(BELOW_ANY_SIMILARITY)
    requests = [
        GenerationRequest(make_parameters(images=2, seed=seed), safety_check=wanted)
        for seed, wanted in ((1, True), (5, False))
    ]
    flagged, free = draw_all(generator, requests)
    assert (len(flagged.pictures), flagged.filtered, flagged.blank) == (0, 2, 0)
    assert (len(free.pictures), free.filtered) == (2, 0)


def test_the_checker_judges_each_picture_by_itself(folders: tuple[Path, Path]) -> None:
    checked, unchecked = folders
    generator = load(unchecked, SAFETY_CHECKER=str(checked))
    [drawn] = draw_all(
        generator, [GenerationRequest(make_parameters(images=2), safety_check=False)]
    )
    pictures = [picture.image for picture in drawn.pictures]
    checker = checker_of(generator)
    assert checker
    for limit, flags in ((BELOW_ANY_SIMILARITY, [True, True]), (2.0, [False, False])):
        checker.network.concept_embeds_weights.data.fill_(limit)
        checker.network.special_care_embeds_weights.data.fill_(2.0)
        assert checker.flags(pictures) == flags
    assert checker.flags([]) == []


def test_a_model_with_a_checker_is_checked_by_its_own(folders: tuple[Path, Path]) -> None:
    checked, _unchecked = folders
    generator = load(checked, SAFETY_CHECKER="/nowhere")
    assert checker_of(generator)
    assert default_model(generator).text_to_image.safety_checker is None


@pytest.mark.parametrize("setting", ["none", ""])
def test_without_the_setting_a_model_without_a_checker_is_not_checked(
    folders: tuple[Path, Path], setting: str
) -> None:
    assert checker_of(load(folders[1], SAFETY_CHECKER=setting)) is None


def test_a_worker_does_not_start_without_the_checker_that_is_demanded(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    checked, unchecked = folders
    with pytest.raises(ModelLoadError, match=r"SAFETY_CHECKER=model demands.*allowed: a pipeline"):
        load(unchecked, SAFETY_CHECKER="model")
    assert checker_of(load(checked, SAFETY_CHECKER="model"))
    for source in (unchecked, tmp_path):
        with pytest.raises(ModelLoadError, match="has no safety checker that can be loaded"):
            load(unchecked, SAFETY_CHECKER=str(source))


def test_a_worker_does_not_start_if_another_model_could_not_be_checked(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    checked, unchecked = folders
    models = json.dumps({"other": {"model": str(unchecked)}})
    with pytest.raises(ModelLoadError, match="has no safety checker that can be loaded"):
        load(checked, SAFETY_CHECKER=str(tmp_path), MODELS=models)
    generator = load(checked, SAFETY_CHECKER=str(checked), MODELS=models)
    shared = generator._models.get("other").safety_checker
    assert shared
    assert shared is not checker_of(generator)


def test_a_job_fails_whose_model_has_no_checker_though_every_model_must_have_one(
    folders: tuple[Path, Path],
) -> None:
    checked, unchecked = folders
    models = json.dumps({"other": {"model": str(unchecked)}})
    generator = load(checked, SAFETY_CHECKER="model", MODELS=models)
    request = GenerationRequest(make_parameters(model="other"))
    with pytest.raises(GenerationError, match="has no safety checker"):
        draw_all(generator, [request])
