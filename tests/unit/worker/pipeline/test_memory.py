"""Memory: out-of-memory errors, free bytes, and the capacity that follows from them."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from discord_diffusion.worker.pipeline import memory


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("Unable to find an engine to execute this computation"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
        RuntimeError(
            "cuDNN Frontend error: [cudnn_frontend] Error: No valid execution plans built."
        ),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
        RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED"),
        RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
        RuntimeError("NVML_SUCCESS == r INTERNAL ASSERT FAILED at CUDACachingAllocator.cpp:1016"),
        torch.AcceleratorError("CUDA error: out of memory"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError("Cannot allocate memory (os error 12)"),
    ],
)
def test_every_way_of_running_out_of_memory_is_recognised(error: Exception) -> None:
    assert memory.is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shape mismatch"),
        torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
        OSError(errno.ENOENT, "No such file"),
        ValueError("out of memory, says a user's prompt"),
    ],
)
def test_other_errors_are_not_about_memory(error: Exception) -> None:
    assert not memory.is_out_of_memory(error)


def test_free_memory_is_positive_where_the_system_reports_it() -> None:
    free = memory.free_bytes(torch.device("cpu"))
    assert free is None or free > 0


@pytest.mark.parametrize(
    ("meminfo", "limit", "used", "free", "most"),
    [
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", None, None, 5 * 1024, 9 * 1024),
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", "max\n", "10\n", 5 * 1024, 9 * 1024),
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", "4000\n", "1000\n", 3000, 4000),
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", "90000\n", "1000\n", 5 * 1024, 9 * 1024),
        ("MemTotal: 9 kB\n", "4000\n", "odd\n", None, 4000),
        (None, "4000\n", "1000\n", 3000, 4000),
        (None, None, None, None, None),
    ],
)
def test_memory_is_what_the_machine_and_the_container_have_and_leave(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meminfo: str | None,
    limit: str | None,
    used: str | None,
    free: int | None,
    most: int | None,
) -> None:
    contents = {"meminfo": meminfo, "memory.max": limit, "memory.current": used}
    for name, content in contents.items():
        if content is not None:
            (tmp_path / name).write_text(content)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.free_bytes(torch.device("cpu")) == free
    assert memory.host_bytes() == most


class Gpu:
    """The functions of `torch.cuda` that tell about memory, for one device."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.device = torch.device("cuda", 1)
        self.calls: list[str] = []
        answers = {
            "mem_get_info": (1000, 5000),
            "memory_reserved": 300,
            "memory_allocated": 100,
            "max_memory_allocated": 700,
            "reset_peak_memory_stats": None,
            "synchronize": None,
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, self._function(name, answer))
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: self.calls.append("empty_cache"))
        monkeypatch.setattr(torch.mps, "empty_cache", lambda: self.calls.append("mps.empty_cache"))

    def _function(self, name: str, answer: object) -> Callable[[torch.device], object]:
        def call(device: torch.device) -> object:
            assert device == self.device
            self.calls.append(name)
            return answer

        return call


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    return Gpu(monkeypatch)


def test_free_memory_of_a_gpu_includes_what_the_allocator_keeps(gpu: Gpu) -> None:
    assert memory.free_bytes(gpu.device) == 1200


def test_the_peak_of_a_gpu_is_that_since_the_last_call(gpu: Gpu) -> None:
    assert memory.peak_bytes(gpu.device) == 700
    assert gpu.calls == ["max_memory_allocated", "reset_peak_memory_stats"]
    assert memory.peak_bytes(torch.device("cpu")) is None


@pytest.mark.parametrize(
    ("device", "emptied"),
    [("cuda", ["empty_cache"]), ("mps", ["mps.empty_cache"]), ("cpu", [])],
)
def test_releasing_memory_empties_the_cache_of_the_device(
    gpu: Gpu, device: str, emptied: list[str]
) -> None:
    memory.release(torch.device(device))
    assert gpu.calls == emptied
