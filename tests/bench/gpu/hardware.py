"""The device: its peak throughput, its clock and its energy."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

PEAK_TFLOPS = {
    "H100": 989.0,
    "H200": 989.0,
    "L40S": 362.0,
    "L4": 121.0,
    "A10G": 70.0,
    "A100": 312.0,
    "T4": 65.0,
}
"""Dense fp16/bf16 tensor throughput, from NVIDIA's data sheets (A10G: what AWS's own tables say);
sparse figures, twice as high, are not meant. SXM boards where there are several."""

_RAPL = Path("/sys/class/powercap/intel-rapl:0/energy_uj")
_SAMPLE_SECONDS = 0.05


def name_of(device: torch.device) -> str:
    """The device's name for the report."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"


def peak_tflops(device: torch.device) -> float | None:
    """The published peak; None for a device that is not in the table, such as any CPU."""
    if device.type != "cuda":
        return None
    words = torch.cuda.get_device_name(device).replace("-", " ").split()
    return next((PEAK_TFLOPS[word] for word in words if word in PEAK_TFLOPS), None)


def measured_tflops(device: torch.device, dtype: torch.dtype) -> float:
    """The throughput of one large matrix product here, the best of three."""
    side, runs = (8192, 20) if device.type == "cuda" else (1024, 5)
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(3):
        synchronize(device)
        started = clock(device)
        for _ in range(runs):
            left @ right
        synchronize(device)
        best = min(best, (clock(device) - started) / runs)
    return 2 * side**3 / best / 1e12


def counts_processor_time(device: torch.device) -> bool:
    """Whether processor time is measured, which on one thread is true on a busy machine too."""
    return device.type == "cpu" and torch.get_num_threads() == 1


def clock(device: torch.device) -> float:
    """Seconds since an arbitrary moment."""
    return time.process_time() if counts_processor_time(device) else time.perf_counter()


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def free_memory(device: torch.device) -> None:
    """Give back the memory of what nobody refers to."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def reset_peak(device: torch.device) -> None:
    """Let `peak_bytes` begin anew."""
    torch.cuda.reset_peak_memory_stats(device)


def peak_bytes(device: torch.device) -> int:
    """The most bytes that tensors had at once on a GPU."""
    return torch.cuda.max_memory_allocated(device)


def held_bytes(device: torch.device) -> int:
    """The bytes that tensors have now on a GPU."""
    synchronize(device)
    return torch.cuda.memory_allocated(device)


@dataclass
class Energy:
    """Joules of a piece of work; None where no meter is available."""

    joules: float | None = None
    _samples: list[tuple[float, float]] = field(default_factory=list)


@contextmanager
def measured_energy(device: torch.device) -> Iterator[Energy]:
    """Measure the energy of the work inside the context.

    By the GPU's own counter or samples of its power; on a CPU by RAPL if it may be read.
    """
    energy = Energy()
    counter = _energy_counter(device)
    if counter is not None:
        before = counter()
        yield energy
        energy.joules = counter() - before
        return
    power = power_meter(device)
    if power is None:
        yield energy
        return
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            energy._samples.append((time.perf_counter(), power()))

    thread = threading.Thread(target=sample, daemon=True)
    started = time.perf_counter()
    thread.start()
    try:
        yield energy
    finally:
        ended.set()
        thread.join()
    if energy._samples:
        mean = sum(watts for _, watts in energy._samples) / len(energy._samples)
        energy.joules = mean * (time.perf_counter() - started)


def _energy_counter(device: torch.device) -> Callable[[], float] | None:
    """A reading of the joules that the device has used; None if it has no such counter."""
    if device.type == "cuda":
        nvml, handle = _nvml(device)
        try:
            nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except Exception:  # noqa: BLE001 - no library, or a GPU that has no such counter
            return None
        return lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
    try:
        _RAPL.read_text()
    except OSError:
        return None
    return lambda: int(_RAPL.read_text()) / 1e6


def power_meter(device: torch.device) -> Callable[[], float] | None:
    """A reading of the GPU's power in watts; None without a GPU or NVML."""
    nvml, handle = _nvml(device)
    try:
        nvml.nvmlDeviceGetPowerUsage(handle)
    except Exception:  # noqa: BLE001 - no library, or a part of a GPU, which has no meter
        return None
    return lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000


def _nvml(device: torch.device) -> tuple[Any, Any]:
    if device.type != "cuda":
        return None, None
    try:
        import pynvml  # type: ignore[import-not-found,unused-ignore]  # only beside an NVIDIA GPU

        pynvml.nvmlInit()
        return pynvml, pynvml.nvmlDeviceGetHandleByIndex(torch.cuda.current_device())
    except Exception:  # noqa: BLE001 - the report says that energy is not measured
        return None, None
