"""Several models in one worker: chosen by the job, loaded on demand, unloaded for others."""

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
from discord_diffusion.worker.pipeline.model_cache import ModelCache
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
    assert generator._models.loaded_names == (None,), "nothing is loaded before a job needs it"
    named = draw(generator, make_parameters(model="embedded"))
    own = draw(generator, make_parameters())
    assert (named.model.name, named.model.scheduler) == ("embedded", "EulerDiscreteScheduler")
    assert own.model.name == tiny_model_folder.name
    assert (pixels(named)[0] != pixels(own)[0]).any()
    assert generator._models.loaded_names == ("embedded", None)


def test_unsupported_jobs_and_models_that_cannot_be_loaded_raise_different_errors(
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


class SimulatedMemory:
    """A model cache for models of one unit each in a memory of `size` units."""

    def __init__(self, size: int, *, reports_free_memory: bool = True) -> None:
        self.size = size
        self.reports_free_memory = reports_free_memory
        self.loads: list[str | None] = []
        self.cache = ModelCache(
            {None: ModelSpec("x"), "a": ModelSpec("a"), "b": ModelSpec("b"), "c": ModelSpec("c")},
            self.load,
            lambda _name, _spec: not reports_free_memory or len(self.cache.loaded_names) < size,
        )

    def load(self, name: str | None, _spec: ModelSpec) -> Any:
        if len(self.cache.loaded_names) >= self.size:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.loads.append(name)
        return SimpleNamespace(name=name, device=torch.device("cpu"))


@pytest.mark.parametrize(
    "reports_free_memory", [True, False], ids=["free memory is known", "loading fails"]
)
def test_the_least_recently_used_model_is_unloaded_first(reports_free_memory: bool) -> None:
    memory = SimulatedMemory(2, reports_free_memory=reports_free_memory)
    for name in ("a", "b", "a", "c"):
        assert memory.cache.get(name).name == name
    assert memory.loads == ["a", "b", "c"]
    assert memory.cache.loaded_names == ("a", "c")


def test_a_model_that_does_not_fit_alone_is_out_of_memory() -> None:
    with pytest.raises(OutOfMemoryError):
        SimulatedMemory(0).cache.get("a")


def test_a_model_too_large_for_the_device_fails_the_start(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_named: object) -> Callable[..., object]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("discord_diffusion.worker.pipeline.loading._from_pretrained", full)
    with pytest.raises(ModelLoadError, match="does not fit"):
        load(tiny_model_folder)


def test_the_settings_give_the_size_and_guidance_of_the_warm_up(tiny_model_folder: Path) -> None:
    settings = make_settings(
        MODEL=str(tiny_model_folder), DEFAULT_WIDTH="64", DEFAULT_GUIDANCE="1.0"
    ).pipeline
    assert (settings.usual_width, settings.usual_height) == (64, None)
    assert settings.default.guidance == 1.0
