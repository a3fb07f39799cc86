"""A LoRA can be merged into a model's weights when it is loaded."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import HfApi
from PIL import Image
from safetensors.torch import load_file, save_file

from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline import merged_lora
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, draw_all, load, pixels
from tests.unit.worker.pipeline.test_loras import save_lora
from tests.unit.worker.pipeline.tiny_families import save_family

FILE = "pytorch_lora_weights.safetensors"


@pytest.fixture(scope="module")
def ink(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_lora(tiny_model_folder, tmp_path_factory.mktemp("merged") / "ink", 1)


@pytest.fixture(scope="module")
def lcm(tmp_path_factory: pytest.TempPathFactory) -> DiffusersGenerator:
    save_family("lcm", folder := tmp_path_factory.mktemp("lcm"))
    return load(folder)


def test_a_merged_lora_draws_what_the_same_one_draws_beside_the_weights(
    tiny_model_folder: Path, ink: Path
) -> None:
    merged = load(
        tiny_model_folder, MODEL_LORA=str(ink), LORAS=json.dumps({"i": {"lora": str(ink)}})
    )
    beside = load(tiny_model_folder, LORAS=json.dumps({"i": {"lora": str(ink)}}))
    [plain], [wanted], [drawn] = (
        pixels(draw(generator, make_parameters(images=1, lora=lora)))
        for generator, lora in ((beside, None), (beside, "i:1"), (merged, None))
    )
    assert np.abs(drawn - wanted).max() <= 1
    assert np.abs(drawn - plain).max() > 10
    # A job's own LoRAs go on top of it.
    [twice] = pixels(draw(merged, make_parameters(images=1, lora="i:1")))
    [doubled] = pixels(draw(beside, make_parameters(images=1, lora="i:2")))
    assert np.abs(twice - doubled).max() <= 1


def test_a_merged_lora_leaves_no_layer_of_its_own(tiny_model_folder: Path, ink: Path) -> None:
    plain = load(tiny_model_folder)
    merged = load(tiny_model_folder, MODEL_LORA=str(ink / FILE))
    names = [
        [name for name, _ in generator._models.get(None).text_to_image.unet.named_parameters()]
        for generator in (plain, merged)
    ]
    assert names[0] == names[1]


def test_the_settings_of_a_default_deployment_draw_a_seed_alike_in_any_batch(
    tiny_model_folder: Path, ink: Path
) -> None:
    """A LoRA that is merged, and LCM's scheduler, which adds noise after each of its steps."""
    defaults = {"SCHEDULER": "LCMScheduler", "DEFAULT_GUIDANCE": "1", "DEFAULT_STEPS": "4"}
    generator = load(tiny_model_folder, MODEL_LORA=str(ink), **defaults)
    asked = [
        make_parameters(images=2, seed=seed, steps=4, guidance=1.0, negative_prompt="")
        for seed in (3, 8)
    ]
    together = draw_all(generator, [GenerationRequest(one) for one in asked])
    for one, made in zip(asked, together, strict=True):
        for left, right in zip(pixels(made), pixels(draw(generator, one)), strict=True):
            assert (left == right).all()
    assert (pixels(together[0])[0] != pixels(together[1])[0]).any()


@pytest.mark.parametrize(("steps", "strength"), [(100, None), (51, None), (4, 0.01)])
def test_the_settings_of_a_default_deployment_draw_any_steps_that_a_user_may_ask_for(
    tiny_model_folder: Path, steps: int, strength: float | None
) -> None:
    """LCM's scheduler refuses more steps than the 50 that it was distilled of."""
    generator = load(tiny_model_folder, SCHEDULER="LCMScheduler", DEFAULT_GUIDANCE="1")
    source = SourceImage("", strength=strength) if strength else None
    asked = make_parameters(images=1, steps=steps, guidance=1.0, source=source)
    request = GenerationRequest(asked, False, Image.new("RGB", (64, 64)) if source else None)
    [made] = draw_all(generator, [request])
    assert len(made.pictures) == 1


@pytest.mark.parametrize(
    ("steps", "strength", "drawn"), [(4, 0.01, 1), (10, 0.1, 5), (100, 0.5, 50), (8, 0.5, 8)]
)
def test_lcms_own_pipeline_changes_a_picture_by_any_strength(
    lcm: DiffusersGenerator, steps: int, strength: float, drawn: int
) -> None:
    source = SourceImage("", strength=strength)
    asked = make_parameters(images=1, steps=steps, guidance=1.0, source=source)
    reported: list[int] = []
    request = GenerationRequest(asked, False, Image.new("RGB", (64, 64)))
    draw_all(lcm, [request], lambda done, *_rest: reported.append(done))
    assert reported == list(range(1, drawn + 1))


def test_a_model_of_a_deployment_can_have_one(tiny_model_folder: Path, ink: Path) -> None:
    models = {"quick": {"model": str(tiny_model_folder), "lora": str(ink)}}
    generator = load(tiny_model_folder, MODELS=json.dumps(models))
    plain, quick = (
        draw(generator, make_parameters(images=1, model=model)).pictures[0].image.tobytes()
        for model in (None, "quick")
    )
    assert plain != quick


def test_a_lora_that_cannot_be_merged_ends_the_loading_with_the_reason(
    tiny_model_folder: Path, tmp_path: Path, ink: Path
) -> None:
    elsewhere, broken = tmp_path / "elsewhere.safetensors", tmp_path / "broken.safetensors"
    save_file({"nothing.lora_A.weight": torch.zeros(2, 8)}, elsewhere)
    broken.write_bytes(b"no weights")
    not_numbers = tmp_path / "nan"
    not_numbers.mkdir()
    weights = {name: value * torch.nan for name, value in load_file(ink / FILE).items()}
    save_file(weights, not_numbers / FILE)
    for source in (elsewhere, broken, not_numbers, tmp_path / "missing.safetensors"):
        with pytest.raises(ModelLoadError, match=f"its LoRA {source} "):
            load(tiny_model_folder, MODEL_LORA=str(source))


def test_of_several_files_one_has_to_be_named(
    tiny_model_folder: Path, ink: Path, tmp_path: Path
) -> None:
    for name in ("four", "eight"):
        shutil.copy(ink / FILE, tmp_path / f"{name}.safetensors")
    several = r"several files of LoRA weights \(eight\.safetensors, four\.safetensors\): name one"
    with pytest.raises(ModelLoadError, match=several):
        load(tiny_model_folder, MODEL_LORA=str(tmp_path))
    beside = {"few": {"lora": str(tmp_path)}}
    with pytest.raises(ModelLoadError, match=f"LORAS: few cannot be loaded: .*{several}"):
        load(tiny_model_folder, LORAS=json.dumps(beside))
    load(tiny_model_folder, MODEL_LORA=str(tmp_path / "four.safetensors"))


def test_a_file_on_the_hub_is_asked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HfApi, "list_repo_files", lambda *_words, **_more: 1 / 0)
    asked: dict[str, Any] = {}

    class Pipe:
        def load_lora_weights(self, **words: Any) -> None:
            asked.update(words)
            raise OSError("no network")

    for source, file in (("org/name", None), ("org/name/four.safetensors", "four.safetensors")):
        with pytest.raises(ModelLoadError, match=f"its LoRA {source} cannot be merged: no network"):
            merged_lora.merge(Pipe(), source)
        assert asked["pretrained_model_name_or_path_or_dict"] == "org/name"
        assert asked["weight_name"] == file
        assert asked["use_safetensors"]
