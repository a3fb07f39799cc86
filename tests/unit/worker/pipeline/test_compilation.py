"""torch.compile: what is compiled, for which inputs, and what happens where it fails."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.pipeline import compilation
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

    choice = compilation.CompiledNetwork(network, compiled)
    with choice.compiling():
        assert network(torch.zeros(4, 2)) == ("compiled", 4)
    assert network(torch.zeros(4, 2)) == ("compiled", 4)
    assert network(torch.zeros(3, 2)) == ("uncompiled", 3)
    assert network(torch.zeros(4, 2).double()) == ("uncompiled", 4)


def test_another_scheduler_another_prompt_or_another_option_is_another_kind_of_input() -> None:
    class Denoiser(torch.nn.Module):
        def forward(self, sample: torch.Tensor, time: Any, **_: object) -> str:  # noqa: ARG002
            return "uncompiled"

    network: Any = Denoiser()
    choice = compilation.CompiledNetwork(network, lambda *_, **__: "compiled")
    sample, prompt = torch.zeros(4, 2), torch.zeros(4, 77, 8)
    usual = {"encoder_hidden_states": prompt, "return_dict": False, "added": {"ids": sample}}
    with choice.compiling():
        network(sample, torch.tensor(3), **usual)
    assert network(sample, torch.tensor(7), **usual) == "compiled"
    for time, changes in (
        (torch.tensor(3.5), {}),
        (torch.tensor([3, 3]), {}),
        (3, {}),
        (torch.tensor(3), {"encoder_hidden_states": torch.zeros(4, 154, 8)}),
        (torch.tensor(3), {"return_dict": True}),
        (torch.tensor(3), {"added": {"ids": sample.half()}}),
        (torch.tensor(3), {"guidance": None}),
    ):
        assert network(sample, time, **usual | changes) == "uncompiled", (time, changes)


def test_compiled_code_that_fails_in_a_job_is_run_no_more(caplog: pytest.LogCaptureFixture) -> None:
    network: Any = Network()
    calls: list[int] = []

    def compiled(hidden_states: torch.Tensor) -> tuple[str, int]:
        calls.append(len(hidden_states))
        if len(calls) > 1:
            raise RuntimeError("Triton Error [CUDA]: device kernel image is invalid")
        return "compiled", len(hidden_states)

    choice = compilation.CompiledNetwork(network, compiled)
    with choice.compiling():
        network(torch.zeros(4, 2))
    for _time in range(2):
        assert network(torch.zeros(4, 2)) == ("uncompiled", 4)
    assert calls == [4, 4]
    assert [record.message for record in caplog.records] == [
        "Compiled code failed and is not run any more"
    ]


def test_compiled_code_that_is_short_of_memory_is_not_at_fault() -> None:
    network: Any = Network()
    error: list[Exception] = []

    def compiled(hidden_states: torch.Tensor) -> tuple[str, int]:
        if error:
            raise error.pop()
        return "compiled", len(hidden_states)

    choice = compilation.CompiledNetwork(network, compiled)
    with choice.compiling():
        network(torch.zeros(4, 2))
    error.append(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(torch.OutOfMemoryError):
        network(torch.zeros(4, 2))
    assert network(torch.zeros(4, 2)) == ("compiled", 4)


class Blocks(torch.nn.Module):
    """A network of two blocks, which `compile` is told to run by a function of the test's."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList([torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)])

    def compile_repeated_blocks(self, **_options: object) -> None:
        for block in self.blocks:
            untyped: Any = block
            untyped._compiled_call_impl = self.compiled

    def compiled(self, rows: torch.Tensor) -> torch.Tensor:
        self.ran.append(len(rows))
        if len(self.ran) > self.works:
            raise RuntimeError("no kernel image is available for execution on the device")
        return rows

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            rows = block(rows)
        return rows

    ran: list[int]
    works = 6


def test_blocks_that_fail_compiled_run_uncompiled() -> None:
    network = Blocks()
    network.ran = []
    rows = torch.ones(3, 2)
    uncompiled = network(rows)
    choice = compilation.CompiledBlocks(network)
    assert choice.any_shape
    for _count in range(2):
        with choice.compiling():
            assert (network(rows) == rows).all()
    assert (network(rows) == rows).all()
    assert len(network.ran) == 6
    assert (network(rows) == uncompiled).all()
    assert (network(rows) == uncompiled).all()
    assert len(network.ran) == 7


def test_a_list_of_pictures_has_the_shapes_of_its_pictures() -> None:
    class TakesLists(torch.nn.Module):
        def forward(self, pictures: list[torch.Tensor]) -> str:
            return f"uncompiled {len(pictures)}"

    network: Any = TakesLists()
    choice = compilation.CompiledNetwork(network, lambda pictures: f"compiled {len(pictures)}")
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
    with compilation.nothing_compiled("full"):
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
    mode = compilation.choose_compile_mode(wanted, torch.device("cuda"), "/cache")
    assert mode == "off"


@pytest.mark.parametrize("wanted", ["auto", "full", "max", "regional"])
def test_nothing_is_compiled_on_a_gpu_without_triton(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (9, 0))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    mode = compilation.choose_compile_mode(wanted, torch.device("cuda"), "/cache")
    assert mode == "off"


@pytest.mark.parametrize("mode", ["full", "max", "regional"])
def test_a_model_whose_networks_do_not_compile_is_drawn_uncompiled(
    tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    def compile_nothing(forward: Callable[..., Any], **_options: object) -> Callable[..., Any]:
        def fail(*_arguments: object, **_named: object) -> None:
            raise RuntimeError("no compiler")

        return fail

    monkeypatch.setattr(torch, "compile", compile_nothing)
    generator = load(tiny_model_folder, COMPILE=mode)
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
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    assert compilation.choose_compile_mode(wanted, torch.device(device), cache) == mode


def test_compiled_code_is_kept_where_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        monkeypatch.setenv(name, "elsewhere")
    folder = tmp_path / "cache"
    compilation.use_compile_cache(str(folder))
    assert cache_dir() == str(folder)
    assert folder.is_dir()
