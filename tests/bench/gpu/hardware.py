"""What the device could do at best, and what it draws from the wall."""

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
    """As the driver or the kernel names it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"


def peak_tflops(device: torch.device) -> float | None:
    """From the table; None for what is not in it, such as any CPU."""
    if device.type != "cuda":
        return None
    words = torch.cuda.get_device_name(device).replace("-", " ").split()
    return next((PEAK_TFLOPS[word] for word in words if word in PEAK_TFLOPS), None)


def measured_tflops(device: torch.device, dtype: torch.dtype) -> float:
    """What one large matrix product reaches here, the best of several."""
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
    """Whether the processor times the work: on one thread the same, and true when busy."""
    return device.type == "cpu" and torch.get_num_threads() == 1


def clock(device: torch.device) -> float:
    """Seconds, from no particular moment."""
    return time.process_time() if counts_processor_time(device) else time.perf_counter()


def synchronize(device: torch.device) -> None:
    """Wait until everything that was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass
class Energy:
    """Joules of a stretch of work; None where nobody tells."""

    joules: float | None = None
    _samples: list[tuple[float, float]] = field(default_factory=list)


@contextmanager
def measured_energy(device: torch.device) -> Iterator[Energy]:
    """By the GPU's own counter or samples of its power; on a CPU by RAPL where it may be read."""
    energy = Energy()
    counter = _counter(device)
    if counter is not None:
        before = counter()
        yield energy
        energy.joules = counter() - before
        return
    power = _power(device)
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
    yield energy
    ended.set()
    thread.join()
    if energy._samples:
        mean = sum(watts for _, watts in energy._samples) / len(energy._samples)
        energy.joules = mean * (time.perf_counter() - started)


def _counter(device: torch.device) -> Callable[[], float] | None:
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


def _power(device: torch.device) -> Callable[[], float] | None:
    nvml, handle = _nvml(device)
    if nvml is None:
        return None
    return lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000


def _nvml(device: torch.device) -> tuple[Any, Any]:
    if device.type != "cuda":
        return None, None
    try:
        import pynvml  # type: ignore[import-not-found,unused-ignore]  # only beside an NVIDIA GPU

        pynvml.nvmlInit()
        return pynvml, pynvml.nvmlDeviceGetHandleByIndex(torch.cuda.current_device())
    except Exception:  # noqa: BLE001 - energy is then not measured, which is said
        return None, None
