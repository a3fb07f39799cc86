"""Memory: out-of-memory errors, free bytes, and the capacity that follows from them."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from discord_diffusion.worker.pipeline import memory
from discord_diffusion.worker.pipeline.memory import Capacity


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


def test_the_size_of_the_weights_is_that_of_the_variant(tmp_path: Path) -> None:
    for name, size in (("unet/w.safetensors", 100), ("unet/w.fp16.safetensors", 50)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"0" * size)
    assert memory.weights_bytes(tmp_path, "fp16") == 50
    assert memory.weights_bytes(tmp_path, None) == 150
    assert memory.weights_bytes(tmp_path / "hub-id", None) == 0


class Simulated:
    """A device where a picture takes so many bytes beside the weights."""

    def __init__(self, weights: int, each: int, total: int) -> None:
        self.weights, self.each, self.total = weights, each, total
        self.drawn = 0

    def draw(self, count: int) -> None:
        self.drawn = count

    def peak(self, work: Callable[[], object]) -> int:
        work()
        return self.weights + self.each * self.drawn

    def budget(self) -> int:
        return self.total


@pytest.mark.parametrize(
    ("total", "expected"), [(1000, 9), (10_000, 16), (200, 1), (50, 1)], ids=str
)
def test_capacity_is_what_fits_beside_the_weights(total: int, expected: int) -> None:
    device = Simulated(weights=100, each=100, total=total)
    capacity = Capacity.measured(device, device.draw, pixels=64, max_pictures=16)
    assert capacity.pictures(64) == expected
    assert capacity.pictures(64 * 10_000) == 1


def test_where_a_second_picture_does_not_fit_capacity_is_one() -> None:
    class Tight(Simulated):
        def draw(self, count: int) -> None:
            if count > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")

    device = Tight(weights=100, each=100, total=10_000)
    assert Capacity.measured(device, device.draw, pixels=64, max_pictures=16).pictures(64) == 1


def test_an_error_that_is_not_about_memory_ends_the_measurement() -> None:
    class Broken(Simulated):
        def draw(self, count: int) -> None:
            if count > 1:
                raise RuntimeError("shape mismatch")

    device = Broken(weights=100, each=100, total=10_000)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        Capacity.measured(device, device.draw, pixels=64, max_pictures=16)


def test_a_measured_capacity_has_the_pixels_that_fit() -> None:
    device = Simulated(weights=100, each=100, total=550)
    capacity = Capacity.measured(device, device.draw, pixels=64, max_pictures=16)
    assert capacity == Capacity(pixels=4 * 64, max_pictures=16)
    assert capacity.pictures(32) == 8
    free = Simulated(weights=100, each=0, total=103)
    assert Capacity.measured(free, free.draw, pixels=64, max_pictures=16).pixels == 4 * 64
    none = Simulated(weights=100, each=0, total=50)
    assert Capacity.measured(none, none.draw, pixels=64, max_pictures=16).pixels == 64
    tight = Simulated(weights=100, each=100, total=10)
    assert Capacity.measured(tight, tight.draw, pixels=64, max_pictures=2) == Capacity(64, 2)


def test_a_picture_that_fits_only_in_part_does_not_count() -> None:
    assert Capacity(pixels=5 * 32, max_pictures=16).pictures(64) == 2


def test_a_capacity_that_was_too_large_is_halved() -> None:
    capacity = Capacity(pixels=10 * 64, max_pictures=16)
    capacity.reduce(9, 64)
    assert capacity.pixels == 4 * 64
    capacity.reduce(20, 64)
    assert capacity.pixels == 4 * 64, "it never grows"
    capacity.reduce(1, 32)
    assert capacity.pixels == 32, "one picture always fits"


def test_a_cpu_draws_eight_pictures_of_the_models_size_at_once() -> None:
    assert Capacity.on_cpu(64, 4) == Capacity(pixels=8 * 64, max_pictures=4)


@pytest.mark.parametrize(
    ("meminfo", "limit", "used", "free"),
    [
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", None, None, 5 * 1024),
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", "max\n", "10\n", 5 * 1024),
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", "4000\n", "1000\n", 3000),
        ("MemTotal: 9 kB\nMemAvailable:  5 kB\n", "90000\n", "1000\n", 5 * 1024),
        ("MemTotal: 9 kB\n", "4000\n", "odd\n", None),
        (None, "4000\n", "1000\n", 3000),
        (None, None, None, None),
    ],
)
def test_free_memory_is_what_the_machine_and_the_container_leave(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meminfo: str | None,
    limit: str | None,
    used: str | None,
    free: int | None,
) -> None:
    contents = {"meminfo": meminfo, "memory.max": limit, "memory.current": used}
    for name, content in contents.items():
        if content is not None:
            (tmp_path / name).write_text(content)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.free_bytes(torch.device("cpu")) == free


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


def test_the_meter_of_a_gpu_waits_for_the_work_that_it_measures(gpu: Gpu) -> None:
    meter = memory.GpuMeter(gpu.device)
    assert meter.peak(lambda: gpu.calls.append("work")) == 700
    steps = ["reset_peak_memory_stats", "work", "synchronize", "max_memory_allocated"]
    assert gpu.calls == steps


def test_the_budget_of_a_gpu_leaves_a_tenth(gpu: Gpu) -> None:
    assert memory.GpuMeter(gpu.device).budget() == 100 + 1200 - 500


@pytest.mark.parametrize(
    ("device", "emptied"),
    [("cuda", ["empty_cache"]), ("mps", ["mps.empty_cache"]), ("cpu", [])],
)
def test_releasing_memory_empties_the_cache_of_the_device(
    gpu: Gpu, device: str, emptied: list[str]
) -> None:
    memory.release(torch.device(device))
    assert gpu.calls == emptied


def test_weights_in_the_older_format_are_counted_too(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"0" * 7)
    (tmp_path / "w.json").write_bytes(b"0" * 90)
    assert memory.weights_bytes(tmp_path, "fp16") == 7
