"""The benchmark of the worker's drawing: its checks, and what it does when its time is over."""

import json
import subprocess
import time
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from discord_diffusion.worker.pipeline import loading, placement
from discord_diffusion.worker.plan.machines import GIB, INSTANCES
from tests.bench.gpu import checks, hardware
from tests.bench.gpu import measure as measuring
from tests.bench.gpu.measure import measure
from tests.bench.gpu.recipes import Case

SETTINGS = {"DEVICE": "cpu", "TORCH_THREADS": "1", "MAX_BATCH": "8", "COMPILE": "off"}


@pytest.fixture
def toy(tiny_model_folder: Path) -> Case:
    return Case("toy", tiny_model_folder, 64, 2, 3.0)


def test_without_a_gpu_the_checks_that_need_one_are_not_measured_and_the_others_hold(
    toy: Case,
) -> None:
    found = checks.run_all({"small": toy, "large": toy}, SETTINGS, 60)
    verdicts = {check.name: check.passed for check in found}
    assert verdicts == {
        "seed-in-any-batch": True,
        "plan-fits": None,
        "plan-offloads": None,
        "plan-does-not-fit": True,
        "poisoned-context": None,
    }
    assert "does not fit into a small machine" in str(found[0])


def test_a_check_that_raises_fails_with_its_reason(
    toy: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_case: Case, _settings: dict[str, str]) -> checks.Check:
        raise RuntimeError("no kernel")

    failing = {"seed-in-any-batch": checks.Known(fail, "small")}
    monkeypatch.setattr(checks, "CHECKS", failing)
    [found] = checks.run_all({"small": toy}, SETTINGS, 60)
    assert str(found) == "seed-in-any-batch: FAILS: RuntimeError: no kernel"


def test_what_there_is_no_time_for_is_not_loaded_and_said(toy: Case) -> None:
    over = time.monotonic() - 1
    rows = measure(toy, torch.device("cpu"), SETTINGS, 1, 1.0, over)
    assert {row.why_not for row in rows} == {"there was no time left for it"}
    assert all(row.pictures_a_second is None for row in rows)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A T4 whose tensors are on the CPU, and what its allocator would say of memory."""
    found = {"peak": 0, "held": 0}
    plan, cuda, t4 = placement.plan, torch.device("cuda"), INSTANCES["g4dn.xlarge"]
    monkeypatch.setattr(placement, "machine_of", lambda _device: t4)
    monkeypatch.setattr(placement, "plan", lambda spec, _device, *more: plan(spec, cuda, *more))
    monkeypatch.setattr(placement, "place", lambda *_words: None)
    monkeypatch.setattr(loading, "choose_dtype", lambda *_words: torch.float16)
    monkeypatch.setattr(hardware, "reset_peak", lambda _device: None)
    for name in found:
        monkeypatch.setattr(hardware, f"{name}_bytes", lambda _device, name=name: found[name])
    return found


def test_a_plan_that_takes_more_memory_than_it_says_fails(toy: Case, gpu: dict[str, int]) -> None:
    holds = checks.plan_that_fits(toy, SETTINGS)
    assert holds.passed, holds
    gpu["peak"] = 4 * GIB
    fails = checks.plan_that_fits(toy, SETTINGS)
    assert (fails.passed, "4.7 GiB of GPU memory were used" in fails.found) == (False, True)


def test_a_model_that_stays_on_the_gpu_between_jobs_is_not_offloaded(
    toy: Case, gpu: dict[str, int]
) -> None:
    holds = checks.plan_that_offloads(toy, SETTINGS)
    assert holds.passed, holds
    gpu["held"] = GIB
    assert checks.plan_that_offloads(toy, SETTINGS).passed is False


def test_what_a_process_found_counts_also_if_it_crashes_as_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = {"name": "poisoned-context", "passed": True, "found": "lost"}
    for output, verdict in ((f"noise\n{json.dumps(said)}\n", True), ("", False)):
        ended = subprocess.CompletedProcess([], -6, output, "Aborted")
        monkeypatch.setattr(checks.subprocess, "run", lambda *_words, ended=ended, **_more: ended)
        assert checks._in_its_own_process("poisoned-context", [], 1).passed is verdict


def test_on_a_gpu_recipes_do_not_share_its_memory(
    toy: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is freed before the next one is loaded; the CPU stands in for the GPU."""
    alive = weakref.WeakSet[Any]()

    class Drawer:
        pictures = 1

        def __init__(self) -> None:
            assert not alive
            alive.add(self)

        def draw(self) -> float:
            return 0.1

    kinds: dict[str, Any] = {"a": Drawer, "b": Drawer}
    monkeypatch.setattr(measuring, "recipes", lambda *_words: kinds)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(hardware, "synchronize", lambda _device: None)
    rows = measure(toy, torch.device("cuda"), SETTINGS, 2, 1.0, time.monotonic() + 60)
    assert [len(row.rates) for row in rows] == [2, 2]
