"""Memory: out-of-memory errors, free bytes, and the capacity that follows from them."""

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
    ],
)
def test_every_way_of_running_out_of_memory_is_recognised(error: Exception) -> None:
    assert memory.is_out_of_memory(error)
    assert not memory.is_out_of_memory(RuntimeError("shape mismatch"))


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
