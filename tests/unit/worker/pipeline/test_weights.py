"""Which files of weights are loaded."""

from pathlib import Path
from typing import Any

import pytest
import torch

from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline.weights import load_variant
from tests.unit.worker.fakes import make_settings
from tests.unit.worker.pipeline.faults import default_model
from tests.unit.worker.pipeline.tiny_families import FAMILIES, save_family

NO_FILES = ValueError("You are trying to load model files of the `variant=fp16`, but no such")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model with both kinds of files, and one with either kind alone; the halves are zeros."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("both", "half", "full")}
    for name in ("both", "full"):
        save_family("sd", made[name])
    pipe = FAMILIES["sd"]()
    for weights in pipe.unet.parameters():
        weights.data.zero_()
    for name in ("both", "half"):
        pipe.save_pretrained(made[name], variant="fp16")
    return made


@pytest.mark.parametrize(
    ("files", "precision", "variant", "half"),
    [
        ("both", "fp16", "", True),
        ("both", "bf16", "", True),
        ("both", "fp32", "", False),
        ("both", "fp32", "fp16", True),
        ("half", "fp32", "", True),
        ("half", "fp16", "", True),
        ("full", "fp16", "", False),
    ],
)
def test_half_precision_is_loaded_from_files_in_half_precision(
    folders: dict[str, Path], files: str, precision: str, variant: str, half: bool
) -> None:
    settings = make_settings(
        MODEL=str(folders[files]), PRECISION=precision, MODEL_VARIANT=variant, DEVICE="cpu"
    )
    pipe = default_model(DiffusersGenerator.load(settings.pipeline)).text_to_image
    is_half = all(not weights.any() for weights in pipe.unet.parameters())
    assert is_half is half
    assert pipe.unet.dtype is {"fp16": torch.float16, "bf16": torch.bfloat16}.get(
        precision, torch.float32
    )


def test_a_variant_that_is_asked_for_and_is_missing_fails_the_start(
    folders: dict[str, Path],
) -> None:
    settings = make_settings(MODEL=str(folders["full"]), MODEL_VARIANT="fp16", DEVICE="cpu")
    with pytest.raises(ModelLoadError, match="variant"):
        DiffusersGenerator.load(settings.pipeline)


def test_the_shared_safety_checker_is_loaded_from_the_files_that_there_are(
    folders: dict[str, Path], tiny_model_folder: Path
) -> None:
    for files in ("half", "full"):
        settings = make_settings(
            MODEL=str(tiny_model_folder), SAFETY_CHECKER=str(folders[files]), DEVICE="cpu"
        )
        assert default_model(DiffusersGenerator.load(settings.pipeline)).safety_checker


def test_the_error_is_that_of_the_files_that_suit_best() -> None:
    def load(variant: str | None) -> None:
        raise NO_FILES if variant else OSError("the hub does not answer")

    with pytest.raises(OSError, match="does not answer"):
        load_variant(load, None, torch.float32)
    with pytest.raises(ValueError, match="no such"):
        load_variant(load, None, torch.float16)


def test_another_error_is_not_taken_for_missing_files() -> None:
    tried: list[str | None] = []

    def load(variant: str | None) -> Any:
        tried.append(variant)
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        load_variant(load, None, torch.float16)
    assert tried == ["fp16"]
