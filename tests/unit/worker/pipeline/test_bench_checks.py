"""The benchmark of the worker's drawing: its checks, and what it does when its time is over."""

import time
from pathlib import Path

import pytest
import torch

from tests.bench.gpu import checks
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
    assert "does not fit into a small machine" in str(found[3])


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
