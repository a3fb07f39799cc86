"""Chooses how to load a model: the first of a few ways that fits into GPU and host memory.

1. every network on the GPU, in the precision that is asked for;
2. the same in half precision;
3. the text encoders in 8 bits;
4. half precision, with every network in host memory while another one runs (model offload);
5. text encoders and denoiser in 8 bits;
6. the same with model offload.

Whole on the GPU means that no weight crosses the bus while pictures are drawn. 8 bits change
pictures a little; text encoders bear it better than denoisers. Decision 0604 has the reasons.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from discord_diffusion.worker.plan.errors import DoesNotFitError
from discord_diffusion.worker.plan.machines import GIB, Machine, smallest_first
from discord_diffusion.worker.plan.weights import Weights

_HALF, _FULL = 2.0, 4.0
_EIGHT_BITS = 1.05
"""Bytes of a parameter; scales, and the embeddings and norms that stay as they are, included."""
_LARGE = 300_000_000
"""Parameters of a network from which 8 bits are worth it."""
_FIRST_BFLOAT16 = (8, 0)
_CONTEXT = int(0.7 * GIB)
"""CUDA's context and the libraries' kernels. Assumed."""
_DRAWING = 3_300_000_000
"""One picture of a megapixel in half precision. SDXL's decoder takes 3.23 GB by its shapes, more
than the denoiser; a picture that does not fit is decoded in tiles. Not measured on a GPU."""
_SYSTEM = int(1.2 * GIB)
"""The system, Docker and the ECS agent. Assumed."""
_PROCESS = int(2.5 * GIB)
"""Python, torch, CUDA's libraries and the source images, without weights. Assumed."""
_READING = 1 * GIB
"""What is held of a network while its weights are read straight to the GPU, from mapped files."""


@dataclass(frozen=True)
class MemoryPlan:
    """How a model is loaded, and what that takes."""

    precision: str
    """fp32, fp16 or bf16."""
    quantized: frozenset[str] = frozenset()
    """The networks whose weights are kept in 8 bits."""
    offload: bool = False
    """Whether each network waits in host memory for its turn."""
    straight: bool = False
    """Whether each network is read straight to the GPU: host memory does not hold them all."""
    gpu_bytes: int = 0
    host_bytes: int = 0

    def missing_library(self) -> str | None:
        """What this machine lacks for the plan, and what helps; None if nothing."""
        if not self.quantized or find_spec("torchao"):
            return None
        return (
            f"{', '.join(sorted(self.quantized))} in 8 bits needs torchao, which is not installed: "
            "build the worker's image with QUANTIZATION=yes, install docker/quantization.lock, or "
            "choose an instance type with more memory"
        )

    def __str__(self) -> str:
        words = [f"in {self.precision}"]
        if self.quantized:
            words.append(f"{', '.join(sorted(self.quantized))} in 8 bits")
        words.append("one network at a time on the GPU" if self.offload else "whole on the GPU")
        if self.straight:
            words.append("read straight to the GPU")
        return (
            f"{', '.join(words)}: {self.gpu_bytes / GIB:.1f} GiB of GPU memory, "
            f"{self.host_bytes / GIB:.1f} GiB of host memory"
        )


def choose(weights: Weights, machine: Machine, precision: str = "auto") -> MemoryPlan:
    """The first plan that fits; `precision` is auto, fp32, fp16 or bf16.

    Raises:
        DoesNotFitError: none does; the text names the smallest instance type that would do.
    """
    plans = list(_plans(weights, machine, precision))
    for plan in plans:
        if _fits(plan, machine):
            return plan
    least = min(plans, key=lambda plan: (plan.gpu_bytes, plan.host_bytes))
    would_do = smallest_instance(weights, precision)
    advice = f"{would_do.name} is the smallest that would do" if would_do else "no type would do"
    raise DoesNotFitError(
        f"{weights.model} does not fit into {machine.name} ({machine.gpu.name}, "
        f"{machine.gpu.memory / GIB:.1f} GiB; host {machine.host_memory / GIB:.0f} GiB): even "
        f"{least}; {advice}"
    )


def smallest_instance(weights: Weights, precision: str = "auto") -> Machine | None:
    """The smallest instance type into which the model fits in any way; None if there is none."""
    for machine in smallest_first():
        if any(_fits(plan, machine) for plan in _plans(weights, machine, precision)):
            return machine
    return None


def _fits(plan: MemoryPlan, machine: Machine) -> bool:
    return plan.gpu_bytes <= machine.gpu.memory and plan.host_bytes <= machine.host_memory


def _plans(weights: Weights, machine: Machine, precision: str) -> Iterator[MemoryPlan]:
    half = "bf16" if machine.gpu.capability >= _FIRST_BFLOAT16 else "fp16"
    if precision == "fp32":
        yield _plan(weights, machine, "fp32")
    elif precision != "auto":
        half = precision
    large = [network for network in weights.networks if network.parameters >= _LARGE]
    encoders = frozenset(network.name for network in large if network.is_text_encoder)
    both = encoders | {network.name for network in large if network.is_denoiser}
    yield _plan(weights, machine, half)
    if encoders:
        yield _plan(weights, machine, half, encoders)
    yield _plan(weights, machine, half, offload=True)
    if both:
        yield _plan(weights, machine, half, both)
        yield _plan(weights, machine, half, both, offload=True)


def _plan(
    weights: Weights,
    machine: Machine,
    precision: str,
    quantized: frozenset[str] = frozenset(),
    offload: bool = False,
) -> MemoryPlan:
    width = _FULL if precision == "fp32" else _HALF
    sizes = [
        int(network.parameters * (_EIGHT_BITS if network.name in quantized else width))
        for network in weights.networks
    ]
    # LoRAs are kept in the precision of the model, and in the memory of the networks that they are
    # in: with model offload all of them may be in the one that is on the GPU.
    loras = int(weights.added * width)
    on_gpu = (max(sizes, default=0) if offload else sum(sizes)) + loras
    in_host = _SYSTEM + _PROCESS + sum(sizes) + loras
    straight = not offload and in_host > machine.host_memory
    if straight:
        in_host = _SYSTEM + _PROCESS + _READING
    drawing = int(_DRAWING * width / _HALF)
    return MemoryPlan(precision, quantized, offload, straight, on_gpu + _CONTEXT + drawing, in_host)
