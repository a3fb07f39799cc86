"""What is read from the classes of diffusers, and which models are refused because of it."""

import json
from pathlib import Path
from typing import Any

import diffusers
import pytest
from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING, _get_task_class

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import ModelLoadError, OptionRefusedError
from discord_diffusion.worker.pipeline import interface
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import ignore, load
from tests.unit.worker.pipeline.faults import default_model
from tests.unit.worker.pipeline.tiny_families import FAMILIES
from tests.unit.worker.plan.test_weight_counts import write_header

DIRECT: list[Any] = [
    kind
    for kind in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()
    if not interface.refusal(kind) and not interface.starts_from_picture(kind)
]
UNTYPED: Any = diffusers


@pytest.mark.parametrize("kind", DIRECT, ids=lambda kind: kind.__name__)
def test_a_class_that_is_loaded_directly_is_the_one_that_auto_pipeline_would_choose(
    kind: Any,
) -> None:
    assert _get_task_class(AUTO_TEXT2IMAGE_PIPELINES_MAPPING, kind.__name__) is kind


def test_most_classes_are_loaded_directly() -> None:
    assert len(DIRECT) > 20


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("WanPipeline", "WanPipeline makes video or sound"),
        ("StableAudioPipeline", "StableAudioPipeline makes video or sound"),
        ("KandinskyV22Pipeline", "KandinskyV22Pipeline takes no prompt"),
        ("OnnxStableDiffusionPipeline", "needs the libraries"),
        ("AutoencoderKL", "AutoencoderKL is no pipeline"),
        ("NoSuchPipeline", "has no pipeline NoSuchPipeline"),
        (["own_code", "OwnPipeline"], "has no pipeline"),
    ],
)
def test_a_folder_whose_pipeline_draws_no_pictures_from_prompts_is_refused_with_the_reason(
    name: Any, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}))
    with pytest.raises(ModelLoadError, match=reason) as raised:
        load(tmp_path)
    assert "\n" not in str(raised.value)


def test_weights_without_a_pipeline_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"has no model_index\.json.* listed in LORAS"):
        load(tmp_path)
    write_header(tmp_path / "lora.safetensors", {"unet.down.lora_A.weight": [4, 8]})
    with pytest.raises(ModelLoadError, match="holds LoRA weights; list them in LORAS"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "edits", "only"),
    [
        ("FluxKontextPipeline", True, False),
        ("Flux2KleinPipeline", True, False),
        ("QwenImageEditPipeline", True, True),
        ("FluxPipeline", False, False),
        ("StableDiffusionImg2ImgPipeline", False, True),
        ("StableDiffusionInpaintPipeline", False, False),
    ],
)
def test_editing_is_told_from_image_to_image(name: str, edits: bool, only: bool) -> None:
    kind = getattr(UNTYPED, name)
    assert (interface.edits(kind), interface.only_edits(kind)) == (edits, only)


def test_a_pipeline_that_is_combined_of_others_draws_parts_anew_by_image_to_image() -> None:
    """Diffusers' inpainting for Kandinsky 2.2 takes a UNet of nine channels, which others lack."""
    pipe = FAMILIES["kandinsky-2.2"]()
    model = LoadedModel(pipe, "kandinsky", ModelSpec("kandinsky"))
    assert interface.is_combined(pipe)
    assert model.inpainting is model.image_to_image
    assert "mask_image" not in interface.parameters(type(model.inpainting))
    assert model.supported_size(512, 520) == (512, 576)


def test_a_model_that_only_edits_refuses_a_job_without_a_source_image(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = load(tiny_model_folder)
    monkeypatch.setattr(default_model(generator), "needs_source", True)
    [refused] = generator.generate([GenerationRequest(make_parameters())], ignore)
    assert isinstance(refused, OptionRefusedError)
    assert "only edits pictures" in str(refused)
