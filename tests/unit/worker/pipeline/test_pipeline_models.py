"""Several models in one worker: chosen by the job, loaded on demand, the oldest dropped."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import (
    GenerationError,
    ModelLoadError,
    OutOfMemoryError,
    UnsupportedJobError,
)
from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline.model_cache import Shelf
from tests.unit.worker.fakes import make_parameters, make_settings
from tests.unit.worker.pipeline.drawing import draw, load, pixels

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")

EMBEDDED = Path(__file__).parents[4] / "fixtures" / "model" / "tiny"


@pytest.fixture(scope="module")
def models(tiny_model_folder: Path) -> str:
    return json.dumps(
        {
            "embedded": {"model": str(EMBEDDED), "scheduler": "EulerDiscreteScheduler"},
            "small": {"model": str(tiny_model_folder), "max_pixels": 1024},
            "missing": {"model": str(tiny_model_folder / "nothing")},
        }
    )


def test_a_job_is_drawn_by_the_model_that_it_names(tiny_model_folder: Path, models: str) -> None:
    generator = load(tiny_model_folder, MODELS=models)
    assert generator._shelf.resident == (None,), "nothing is loaded before a job needs it"
    named = draw(generator, make_parameters(model="embedded"))
    own = draw(generator, make_parameters())
    assert (named.model.name, named.model.scheduler) == ("embedded", "EulerDiscreteScheduler")
    assert own.model.name == tiny_model_folder.name
    assert (pixels(named)[0] != pixels(own)[0]).any()
    assert generator._shelf.resident == ("embedded", None)


def test_what_a_model_or_the_deployment_cannot_do_is_told_apart(
    tiny_model_folder: Path, models: str
) -> None:
    generator = load(tiny_model_folder, MODELS=models)
    for refused in (
        {"model": "unheard-of"},
        {"model": "small", "width": 40},
        {"scheduler": "FlowMatchEulerDiscreteScheduler"},
        {"scheduler": "Nonsense"},
    ):
        with pytest.raises(UnsupportedJobError):
            draw(generator, make_parameters(**refused))
    with pytest.raises(GenerationError, match="cannot be loaded"):
        draw(generator, make_parameters(model="missing"))
    assert len(draw(generator, make_parameters(model="small")).pictures) == 2


class Loader:
    """Loads models of one unit each into a memory of `room` units."""

    def __init__(self, room: int, *, says_so: bool = True) -> None:
        self.room = room
        self.says_so = says_so
        self.loads: list[str | None] = []
        self.shelf = Shelf(
            {None: ModelSpec("x"), "a": ModelSpec("a"), "b": ModelSpec("b"), "c": ModelSpec("c")},
            self.load,
            lambda _spec: not says_so or len(self.shelf.resident) < room,
        )

    def load(self, name: str | None, _spec: ModelSpec) -> Any:
        if len(self.shelf.resident) >= self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.loads.append(name)
        return SimpleNamespace(name=name, device=torch.device("cpu"))


@pytest.mark.parametrize("says_so", [True, False], ids=["told", "found out"])
def test_the_least_recently_used_model_goes_first(says_so: bool) -> None:
    loader = Loader(2, says_so=says_so)
    for name in ("a", "b", "a", "c"):
        assert loader.shelf.get(name).name == name
    assert loader.loads == ["a", "b", "c"]
    assert loader.shelf.resident == ("a", "c")


def test_a_model_that_does_not_fit_alone_is_out_of_memory() -> None:
    with pytest.raises(OutOfMemoryError):
        Loader(0).shelf.get("a")


def test_weights_are_counted_as_the_variant_has_them(tmp_path: Path) -> None:
    for name, size in (("unet/w.safetensors", 100), ("unet/w.fp16.safetensors", 50)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"0" * size)
    assert memory.weights_bytes(tmp_path, "fp16") == 50
    assert memory.weights_bytes(tmp_path, None) == 150
    assert memory.weights_bytes(tmp_path / "hub-id", None) == 0


def test_free_memory_is_known_where_the_system_says() -> None:
    free = memory.free_bytes(torch.device("cpu"))
    assert free is None or free > 0


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ],
)
def test_every_way_of_running_out_of_memory_is_recognised(error: Exception) -> None:
    assert memory.is_out_of_memory(error)
    assert not memory.is_out_of_memory(RuntimeError("shape mismatch"))


def test_a_model_too_large_for_the_device_stops_the_start(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_named: object) -> Callable[..., object]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("discord_diffusion.worker.pipeline.loading._from_pretrained", full)
    with pytest.raises(ModelLoadError, match="does not fit"):
        load(tiny_model_folder)


def test_the_usual_size_is_what_most_jobs_will_ask_for(tiny_model_folder: Path) -> None:
    settings = make_settings(
        MODEL=str(tiny_model_folder), DEFAULT_WIDTH="64", DEFAULT_GUIDANCE="1.0"
    ).pipeline
    assert (settings.usual_width, settings.usual_height) == (64, None)
    assert settings.default.guidance == 1.0
