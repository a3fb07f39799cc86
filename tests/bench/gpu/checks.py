"""What the worker promises of a GPU: seeds in any batch, memory plans, a context that is lost.

With a GPU each check has a process of its own, since some spoil theirs: `python -m
tests.bench.gpu.checks NAME CASE SETTINGS` prints what it found as a line of JSON.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np
import torch

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.worker.errors import DeviceLostError, ModelLoadError
from discord_diffusion.worker.pipeline import loading, placement
from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import MemoryPlan
from discord_diffusion.worker.plan.machines import GIB, Gpu, Machine
from tests.bench.gpu import hardware
from tests.bench.gpu.recipes import Case, WorkerGenerator, ignore_step
from toolchain.layout import Layout

BATCHES: Final = (2, 4, 8)
_CONTEXT: Final = int(0.7 * GIB)
"""Of a plan's GPU memory what torch's allocator does not count: CUDA's context and kernels."""
_LEAST_SECONDS: Final = 10.0
_NEEDS_GPU: Final = frozenset({"plan-fits", "plan-offloads", "poisoned-context"})


@dataclass(frozen=True)
class Check:
    """One check: what was found, or why it could not be made."""

    name: str
    passed: bool | None = None
    """None if it could not be made."""
    found: str = ""

    def __str__(self) -> str:
        verdict = {True: "holds", False: "FAILS", None: "not measured"}[self.passed]
        return f"{self.name}: {verdict}: {self.found}"


def run_all(cases: Mapping[str, Case], settings: Mapping[str, str], seconds: float) -> list[Check]:
    """Make every check with the case that it is for, in so many seconds at most.

    What the first ones leave of their shares is for the later ones.
    """
    has_gpu = settings["DEVICE"].startswith("cuda")
    made = list[Check]()
    ends = time.monotonic() + seconds
    for name, check in CHECKS.items():
        case = cases[check.case]
        if name in _NEEDS_GPU and not has_gpu:
            made.append(Check(name, found="there is no GPU"))
            continue
        if not has_gpu:
            made.append(_here(name, case, dict(settings)))
            continue
        words = [name, json.dumps(asdict(case), default=str), json.dumps(dict(settings))]
        share = (ends - time.monotonic()) / (len(CHECKS) - len(made))
        made.append(_in_its_own_process(name, words, max(_LEAST_SECONDS, share)))
    return made


def _here(name: str, case: Case, settings: dict[str, str]) -> Check:
    try:
        return CHECKS[name].make(case, settings)
    except Exception as error:  # noqa: BLE001 - the report says so
        return Check(name, passed=False, found=f"{type(error).__name__}: {error}"[:300])


def _in_its_own_process(name: str, words: list[str], seconds: float) -> Check:
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "tests.bench.gpu.checks", *words],
            cwd=Layout.of_this_checkout().root,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Check(name, found=f"it took more than {seconds:.0f} s")
    lines = ended.stdout.splitlines()
    # A process whose CUDA context is lost may crash as it ends, after it has said what it found.
    if not (lines and lines[-1].startswith("{")):
        last = (ended.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return Check(name, passed=False, found=last[:300])
    return Check(**json.loads(lines[-1]))


def seed_in_any_batch(case: Case, settings: dict[str, str]) -> Check:
    """A seed's picture drawn alone, and the same one in larger batches.

    On a CPU they have to be equal. On a GPU kernels are chosen by the size of the batch, and round
    differently: the check says by how much, and passes if nobody would see it.
    """
    recipe = WorkerGenerator(case, settings)
    alone = recipe.draw_seeds(1)
    lines, worst = [], 0.0
    for size in BATCHES:
        difference = np.abs(alone - recipe.draw_seeds(size))
        lines.append(
            f"in a batch of {size} by {difference.max()} of 255 at most, {difference.mean():.4f} "
            f"in the mean, and {(difference > 1).mean():.3%} of the values by more than 1"
        )
        worst = max(worst, float(difference.mean()))
    limit = 1.0 if settings["DEVICE"].startswith("cuda") else 0.0
    return Check("seed-in-any-batch", worst <= limit, "the picture differs " + "; ".join(lines))


def plan_that_fits(case: Case, settings: dict[str, str]) -> Check:
    """A picture is drawn within the memory that the plan for this GPU says."""
    plan, used, _held = _draw_by_plan(case, settings, None)
    return Check("plan-fits", used <= plan.gpu_bytes, _compared(plan, used))


def plan_that_offloads(case: Case, settings: dict[str, str]) -> Check:
    """By the plan for a GPU that is a byte too small for all, one network at a time is on it.

    It takes less than that plan says, and between jobs no more than the largest network is held.
    """
    device = torch.device(settings["DEVICE"])
    spec, dtype = ModelSpec(str(case.folder)), loading.choose_dtype(device)
    whole = placement.plan(spec, device, dtype, {})
    assert whole is not None
    plan, used, held = _draw_by_plan(case, settings, whole.gpu_bytes - 1)
    networks = sources.find(str(case.folder)).networks
    largest = max(network.parameters for network in networks) * dtype.itemsize
    text = f"{_compared(plan, used)}; {held / GIB:.2f} GiB were held after a job, "
    text += f"the largest network has {largest / GIB:.2f}"
    kept = plan.offload and used <= plan.gpu_bytes and held <= largest
    return Check("plan-offloads", kept, text)


def _draw_by_plan(
    case: Case, settings: dict[str, str], gpu_bytes: int | None
) -> tuple[MemoryPlan, int, int]:
    """Draw by the plan for this GPU, or for one of so much memory.

    Returns the plan, the most bytes that were used at once with the context, and what is held
    afterwards. Nothing keeps the worker from using more: a limit would let it draw in tiles, or
    one by one, and every plan would seem to hold.
    """
    device = torch.device(settings["DEVICE"])
    machine = placement.machine_of(device)
    if gpu_bytes is not None:
        gpu = Gpu(machine.gpu.name, gpu_bytes, machine.gpu.capability)
        machine = Machine("a smaller one", gpu, machine.host_memory)
    with mock.patch.object(placement, "machine_of", return_value=machine):
        spec, dtype = ModelSpec(str(case.folder)), loading.choose_dtype(device)
        plan = placement.plan(spec, device, dtype, {})
        assert plan is not None
        hardware.reset_peak(device)
        recipe = WorkerGenerator(case, settings | {"MAX_BATCH": "1"})
        recipe.draw()
    return plan, hardware.peak_bytes(device) + _CONTEXT, hardware.held_bytes(device)


def _compared(plan: MemoryPlan, used: int) -> str:
    return f"{plan}; {used / GIB:.1f} GiB of GPU memory were used, the context assumed"


def plan_that_does_not_fit(case: Case, settings: dict[str, str]) -> Check:
    """A model that is too large for a GPU is refused before any of its weights is read."""
    small = Machine("a small machine", Gpu("a small GPU", GIB, (8, 0)), 4 * GIB)
    spec = ModelSpec(str(case.folder))
    name = "plan-does-not-fit"
    with mock.patch.object(placement, "machine_of", return_value=small):
        try:
            loading.load(spec, None, torch.device("cuda"), torch.float16, "off")
        except ModelLoadError as error:
            free_still = not torch.cuda.is_available() or torch.cuda.memory_allocated() == 0
            return Check(name, free_still and "does not fit" in str(error), str(error))
    return Check(name, passed=False, found="it was loaded")


def poisoned_context(case: Case, settings: dict[str, str]) -> Check:
    """After a kernel has failed, the next job says that the device is lost."""
    recipe = WorkerGenerator(case, settings)
    try:
        # An index out of range fails on the device, and leaves the context unusable.
        nothing = torch.zeros(2, device=settings["DEVICE"])
        nothing[torch.tensor([1 << 20], device=settings["DEVICE"])].sum().item()
    except Exception as error:  # noqa: BLE001 - whatever torch calls it
        first = f"{type(error).__name__}"
    else:
        return Check("poisoned-context", found="this device went on after an index out of range")
    try:
        recipe.generator.generate([recipe.request(1)], ignore_step)
    except DeviceLostError as error:
        text = f"after {first}: {str(error)[:160]}"
        return Check("poisoned-context", passed=True, found=text)
    return Check("poisoned-context", passed=False, found="a job was drawn or failed by itself")


@dataclass(frozen=True)
class Known:
    """A check, and the kind of case that it takes."""

    make: Callable[[Case, dict[str, str]], Check]
    case: str


CHECKS: Final[Mapping[str, Known]] = {
    "plan-does-not-fit": Known(plan_that_does_not_fit, "large"),
    "poisoned-context": Known(poisoned_context, "small"),
    "seed-in-any-batch": Known(seed_in_any_batch, "small"),
    "plan-offloads": Known(plan_that_offloads, "small"),
    "plan-fits": Known(plan_that_fits, "large"),
}


def _main() -> None:
    name, case, settings = sys.argv[1:]
    values: dict[str, Any] = json.loads(case)
    threads = json.loads(settings).get("TORCH_THREADS")
    if threads:
        torch.set_num_threads(int(threads))
    found = CHECKS[name].make(
        Case(**{**values, "folder": Path(values["folder"])}), json.loads(settings)
    )
    sys.stdout.write(f"\n{json.dumps(asdict(found))}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
