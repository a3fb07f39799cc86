"""torch.compile: what is compiled, for which shapes, and where compiled code is kept."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.pipeline import optimizations
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel


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
    wanted: str, device: str, cache: str, mode: str
) -> None:
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
