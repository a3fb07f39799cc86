"""torch.compile: what is compiled, for which shapes, and where compiled code is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.pipeline import optimizations
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, load


class Network(torch.nn.Module):
    """Records which code ran."""

    def forward(self, hidden_states: torch.Tensor) -> tuple[str, int]:
        return "uncompiled", hidden_states.shape[0]


def test_compiled_code_runs_for_compiled_shapes_only() -> None:
    network: Any = Network()

    def compiled(hidden_states: torch.Tensor) -> tuple[str, int]:
        return "compiled", len(hidden_states)

    choice = optimizations.CompiledNetwork(network, compiled)
    with choice.compiling():
        assert network(torch.zeros(4, 2)) == ("compiled", 4)
    assert network(torch.zeros(4, 2)) == ("compiled", 4)
    assert network(hidden_states=torch.zeros(4, 2)) == ("compiled", 4)
    assert network(torch.zeros(3, 2)) == ("uncompiled", 3)
    assert network(torch.zeros(4, 2).double()) == ("uncompiled", 4)


def test_a_list_of_pictures_has_the_shapes_of_its_pictures() -> None:
    class TakesLists(torch.nn.Module):
        def forward(self, pictures: list[torch.Tensor]) -> str:
            return f"uncompiled {len(pictures)}"

    network: Any = TakesLists()
    choice = optimizations.CompiledNetwork(network, lambda pictures: f"compiled {len(pictures)}")
    with choice.compiling():
        network([torch.zeros(4, 2)])
    assert network([torch.zeros(4, 2)]) == "compiled 1"
    assert network([torch.zeros(4, 2), torch.zeros(4, 2)]) == "uncompiled 2"
    choice.stop_compiled_code()
    assert network([torch.zeros(4, 2)]) == "uncompiled 1"


def test_while_nothing_is_compiled_other_types_of_numbers_run_uncompiled() -> None:
    compiled: list[int] = []

    def backend(graph: torch.fx.GraphModule, _inputs: object) -> Callable[..., Any]:
        compiled.append(1)
        return graph.forward

    add = torch.compile(lambda sample, time: sample + time, backend=backend, dynamic=False)
    sample = torch.ones(2)
    add(sample, torch.tensor(1))
    with optimizations.nothing_compiled("full"):
        assert add(sample, torch.tensor(2)).tolist() == [3, 3]
        assert add(sample, torch.tensor(0.5)).tolist() == [1.5, 1.5]
    assert len(compiled) == 1
    add(sample, torch.tensor(0.5))
    assert len(compiled) == 2


@pytest.mark.parametrize("wanted", ["auto", "full", "max", "regional"])
def test_nothing_is_compiled_on_a_gpu_that_triton_makes_no_code_for(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (7, 5))
    mode = optimizations.choose_compile_mode(wanted, torch.device("cuda"), "/cache")
    assert mode == "off"


def test_a_model_whose_networks_do_not_compile_is_drawn_uncompiled(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_nothing(forward: Callable[..., Any], **_options: object) -> Callable[..., Any]:
        def fail(*_arguments: object, **_named: object) -> None:
            raise RuntimeError("no compiler")

        return fail

    monkeypatch.setattr(torch, "compile", compile_nothing)
    generator = load(tiny_model_folder, COMPILE="full")
    assert draw(generator, make_parameters()).pictures


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 4), (4, 4), (5, 8), (9, 9)])
def test_a_batch_is_padded_to_the_next_compiled_count(count: int, expected: int) -> None:
    pipe = Mock(spec=["vae", "scheduler", "set_progress_bar_config"])
    model = LoadedModel(pipe, "model", ModelSpec("model"))
    for compiled in (1, 4, 8):
        model.add_compiled_count(compiled, (64, 64), guidance=7.5)
    assert model.padded_count(count, (64, 64), guidance=3.0) == expected
    for other in ({"size": (64, 72), "guidance": 7.5}, {"size": (64, 64), "guidance": 1.0}):
        assert model.padded_count(count, **other) == count


@pytest.mark.parametrize(
    ("wanted", "device", "cache", "mode"),
    [
        ("auto", "cpu", "/cache", "off"),
        ("auto", "cuda", None, "off"),
        ("auto", "cuda", "/cache", "full"),
        ("regional", "cpu", None, "regional"),
        ("off", "cuda", "/cache", "off"),
    ],
)
def test_auto_compiles_only_on_a_gpu_with_a_cache_folder(
    wanted: str, device: str, cache: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (8, 0))
    assert optimizations.choose_compile_mode(wanted, torch.device(device), cache) == mode


def test_compiled_code_is_kept_where_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        monkeypatch.setenv(name, "elsewhere")
    folder = tmp_path / "cache"
    optimizations.use_compile_cache(str(folder))
    assert cache_dir() == str(folder)
    assert folder.is_dir()
