"""Weights in 8 bits; `test_quantization` runs these tests where torchao is installed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.worker.pipeline import loading, placement
from discord_diffusion.worker.pipeline.batch import list_items
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.pipeline_call import draw
from discord_diffusion.worker.pipeline_types import GenerationRequest
from discord_diffusion.worker.plan.choice import MemoryPlan
from tests.unit.worker.fakes import make_parameters

pytestmark = pytest.mark.filterwarnings("ignore")
CPU = torch.device("cpu")


def load(folder: Path, plan: MemoryPlan | None, monkeypatch: pytest.MonkeyPatch) -> LoadedModel:
    """Load on the CPU by a plan, which the CPU alone would not need."""
    monkeypatch.setattr(placement, "plan", lambda *_words: plan)
    return loading.load(ModelSpec(str(folder)), None, CPU, torch.float32, "off")


def drawn(model: LoadedModel, source: SourceImage | None = None) -> list[Any]:
    picture = Image.linear_gradient("L") if source else None
    request = GenerationRequest(make_parameters(images=2, source=source), False, picture)
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
