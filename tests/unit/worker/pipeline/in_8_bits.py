"""Weights in 8 bits; `test_quantization` runs these tests where torchao is installed."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker.pipeline import loading, placement
from discord_diffusion.worker.pipeline.batch import list_items
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.loading import Additions
from discord_diffusion.worker.pipeline.pipeline_call import draw
from discord_diffusion.worker.pipeline_types import GenerationRequest
from discord_diffusion.worker.plan.choice import MemoryPlan
from tests.unit.worker.fakes import make_parameters

pytestmark = pytest.mark.filterwarnings("ignore")
CPU = torch.device("cpu")
LAYER = "transformer_blocks.0.attn.to_q"


def load(
    folder: Path,
    plan: MemoryPlan | None,
    monkeypatch: pytest.MonkeyPatch,
    lora: Path | None = None,
    loras: Mapping[str, LoraSpec] = MappingProxyType({}),
) -> LoadedModel:
    """Load on the CPU by a plan, which the CPU alone would not need; `lora` is merged."""
    monkeypatch.setattr(placement, "plan", lambda *_words: plan)
    spec = ModelSpec(str(folder), lora=str(lora) if lora else None)
    return loading.load(spec, None, CPU, torch.float32, "off", Additions(loras, {}))


def drawn(
    model: LoadedModel, source: SourceImage | None = None, lora: str | None = None
) -> list[Any]:
    picture = Image.linear_gradient("L") if source else None
    asked = make_parameters(images=2, source=source, lora=lora)
    request = GenerationRequest(asked, False, picture)
    items = list_items([request])
    pictures, _seconds = draw(model, items, lambda *_step: None)
    return [picture.image for picture in pictures]


@pytest.fixture(scope="module")
def flux_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.unit.worker.pipeline.tiny_families import save_family

    folder = tmp_path_factory.mktemp("flux")
    save_family("flux", folder)
    return folder


@pytest.mark.parametrize("straight", [False, True])
def test_weights_in_8_bits_draw_nearly_the_same_pictures(
    straight: bool, flux_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchao.quantization import Int8Tensor

    networks = frozenset({"transformer", "text_encoder_2"})
    plan = MemoryPlan("fp32", quantized=networks, straight=straight)
    model = load(flux_folder, plan, monkeypatch)
    for name, part in model.text_to_image.components.items():
        if isinstance(part, torch.nn.Module):
            in_8_bits = any(isinstance(value, Int8Tensor) for value in part.parameters())
            assert in_8_bits is (name in networks), name
    assert len(drawn(model, SourceImage("", strength=0.5))) == 2
    plain = load(flux_folder, None, monkeypatch)
    for left, right in zip(drawn(model), drawn(plain), strict=True):
        difference = torch.tensor(list(left.tobytes())) - torch.tensor(list(right.tobytes()))
        assert 0 < difference.abs().float().mean() < 40


@pytest.fixture(scope="module")
def lora(flux_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA of one layer of the transformer."""
    torch.manual_seed(1)
    layer = f"transformer.{LAYER}"
    weights = {f"{layer}.lora_A.weight": torch.randn(4, 32) / 6}
    weights[f"{layer}.lora_B.weight"] = torch.randn(32, 4) / 6
    save_file(weights, path := tmp_path_factory.mktemp("lora") / "few.safetensors")
    return path


@pytest.mark.parametrize("straight", [False, True])
def test_a_lora_is_merged_into_weights_in_8_bits(
    straight: bool, flux_folder: Path, lora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As exactly as 8 bits hold the weights that it makes: half of a step, of 255 in a row."""
    from torchao.quantization import Int8Tensor

    plan = MemoryPlan("fp32", quantized=frozenset({"transformer"}), straight=straight)
    wanted = weight_of(load(flux_folder, None, monkeypatch, lora))
    before = weight_of(load(flux_folder, plan, monkeypatch))
    model = load(flux_folder, plan, monkeypatch, lora)
    merged = weight_of(model)
    assert isinstance(merged, Int8Tensor)
    steps = wanted.abs().amax(dim=1, keepdim=True) / 127
    assert ((merged.dequantize() - wanted).abs() / steps).max() < 1.01
    assert ((before.dequantize() - wanted).abs() / steps).max() > 10
    names = [name for name, _ in model.text_to_image.transformer.named_parameters()]
    assert not [name for name in names if "lora" in name]
    assert len(drawn(model)) == 2


def test_loras_of_jobs_change_a_model_in_8_bits(
    flux_folder: Path, lora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = MemoryPlan("fp32", quantized=frozenset({"transformer"}))
    model = load(flux_folder, plan, monkeypatch, loras={"few": LoraSpec(str(lora))})
    without = drawn(model)
    assert drawn(model, lora="few:1") != without
    assert drawn(model) == without


def weight_of(model: LoadedModel) -> Any:
    """The weight of the layer that the LoRA changes."""
    return model.text_to_image.transformer.get_submodule(LAYER).weight.data
