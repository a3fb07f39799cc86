"""The worker loads a model as its memory plan says; the CPU stands in for a GPU where it can."""

from pathlib import Path
from typing import Any

import pytest
import torch

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import ModelLoadError
from discord_diffusion.worker.pipeline import loading, placement
from discord_diffusion.worker.pipeline.batch import list_items
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from discord_diffusion.worker.pipeline.pipeline_call import draw
from discord_diffusion.worker.pipeline_types import GenerationRequest
from discord_diffusion.worker.plan import choice, sources
from discord_diffusion.worker.plan.choice import MemoryPlan
from discord_diffusion.worker.plan.machines import GIB, INSTANCES, Gpu, Machine
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.plan.test_weight_counts import write_header

pytestmark = pytest.mark.filterwarnings("ignore")
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def load(folder: Path, plan: MemoryPlan | None, monkeypatch: pytest.MonkeyPatch) -> LoadedModel:
    """Load on the CPU by a plan, which the CPU alone would not need."""
    monkeypatch.setattr(placement, "plan", lambda *_words: plan)
    return loading.load(ModelSpec(str(folder)), None, CPU, torch.float32, "off")


def drawn(model: LoadedModel) -> list[Any]:
    request = GenerationRequest(make_parameters(images=2), False)
    items = list_items([request])
    pictures, _seconds = draw(model, items, lambda *_step: None)
    return [picture.image for picture in pictures]


@pytest.fixture(scope="module")
def flux_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.unit.worker.pipeline.tiny_families import save_family

    folder = tmp_path_factory.mktemp("flux")
    save_family("flux", folder)
    return folder


def test_a_network_is_read_straight_to_its_device(
    flux_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(flux_folder, MemoryPlan("fp32", straight=True), monkeypatch)
    assert model.text_to_image.hf_device_map == "cpu"
    assert drawn(model) == drawn(load(flux_folder, None, monkeypatch))


def test_networks_wait_in_host_memory_where_the_plan_says_so() -> None:
    asked: list[torch.device] = []

    class Pipe:
        def enable_model_cpu_offload(self, device: torch.device) -> None:
            asked.append(device)

    placement.place(Pipe(), CUDA, MemoryPlan("fp16", offload=True))
    assert asked == [CUDA]


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A g4dn.xlarge, as torch would tell of it."""
    monkeypatch.setattr(placement, "machine_of", lambda _device: INSTANCES["g4dn.xlarge"])
    monkeypatch.setattr(sources, "_of_hub", _no_hub)


def _no_hub(*_words: object) -> None:
    raise ConnectionError


@pytest.mark.usefixtures("gpu")
def test_a_model_that_does_not_fit_is_refused_before_a_weight_is_read() -> None:
    spec = ModelSpec("black-forest-labs/FLUX.1-dev")
    with pytest.raises(ModelLoadError, match=r"g6\.xlarge is the smallest that would do"):
        loading.load(spec, None, CUDA, torch.float16, "off")


@pytest.mark.usefixtures("gpu")
def test_a_model_that_fits_in_8_bits_only_is_refused_where_torchao_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _name: None)
    spec = ModelSpec("stabilityai/stable-diffusion-3.5-medium")
    with pytest.raises(ModelLoadError, match=r"text_encoder_3.* needs torchao.*QUANTIZATION=yes"):
        loading.load(spec, None, CUDA, torch.float16, "off")


@pytest.mark.usefixtures("gpu")
def test_a_model_of_unknown_size_is_not_planned(caplog: pytest.LogCaptureFixture) -> None:
    assert placement.plan(ModelSpec("nobody/nothing"), CUDA, torch.float16, {}) is None
    assert "The memory for the model is not planned" in caplog.text


@pytest.mark.usefixtures("gpu")
def test_the_plan_may_halve_the_precision_of_the_settings() -> None:
    spec = ModelSpec("stabilityai/stable-diffusion-xl-base-1.0")
    plan = placement.plan(spec, CUDA, torch.float32, {})
    assert plan is not None
    assert plan.precision == "fp16"


def test_on_the_cpu_nothing_is_planned(tiny_model_folder: Path) -> None:
    assert placement.plan(ModelSpec(str(tiny_model_folder)), CPU, torch.float32, {}) is None


def test_the_machine_is_what_torch_and_the_system_say(monkeypatch: pytest.MonkeyPatch) -> None:
    class Properties:
        name, total_memory, major, minor = "Tesla T4", 15 * GIB, 7, 5

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: Properties)
    monkeypatch.setattr(placement.memory, "host_bytes", lambda: 16 * GIB)
    gpu = Gpu("Tesla T4", 15 * GIB, (7, 5))
    assert placement.machine_of(CUDA) == Machine("this machine", gpu, 16 * GIB)


def test_weights_are_counted_in_the_precision_of_the_device(tiny_model_folder: Path) -> None:
    folder = ModelSpec(str(tiny_model_folder))
    full, half = (
        placement.weights_bytes(folder, kind, {}) for kind in (torch.float32, torch.float16)
    )
    assert full == 2 * half > 0
    on_hub = ModelSpec("black-forest-labs/FLUX.1-dev")
    assert placement.weights_bytes(on_hub, torch.bfloat16, {}) > 33 * 10**9
    assert placement.weights_bytes(ModelSpec("nobody/nothing"), torch.float16, {}) == 0


def test_the_loras_of_a_model_take_memory_too(tiny_model_folder: Path, tmp_path: Path) -> None:
    write_header(tmp_path / "ink.safetensors", {"a.lora_A.weight": [4, 250]})
    spec, ink = ModelSpec(str(tiny_model_folder)), LoraSpec(str(tmp_path / "ink.safetensors"))
    alone = placement.weights_bytes(spec, torch.float16, {})
    assert placement.weights_bytes(spec, torch.float16, {"ink": ink}) == alone + 2000
