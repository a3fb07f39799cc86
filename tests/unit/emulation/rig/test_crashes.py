"""A worker that crashes in a loop is said so: how often, its exit status, and what it said."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from emulation.rig import report
from emulation.rig.crashes import Crashes, crashes, last_words
from emulation.rig.status import FleetStatus
from emulation.rig.telemetry import with_exit_status

RAISED = "Traceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'a'"


def task(number: int, **fields: Any) -> dict[str, Any]:
    exited = {"status": "STOPPED", "reason": "Essential container in task exited", "exit_code": 1}
    return {"task": f"{number:08}-and-more", **exited, **fields}


def test_only_workers_that_ended_by_themselves_and_not_well_have_crashed(tmp_path: Path) -> None:
    others = [
        task(1, status="RUNNING", reason="", exit_code=None),
        task(2, exit_code=0),
        task(3, reason="The code has changed", exit_code=137),
    ]
    assert crashes(others, tmp_path) is None
    (tmp_path / "worker-00000005.log").write_text("oh\n")
    found = crashes([*others, task(4), task(5, exit_code=3)], tmp_path)
    assert found == Crashes(2, 3, "worker-00000005", "oh")
    assert str(found) == "Workers crashed 2 times, the last one with exit status 3: oh"
    assert with_exit_status(task(5, exit_code=3)).endswith("exited (exit status 3)")
    assert with_exit_status(others[2]) == "The code has changed"


def test_one_crash_without_a_log_is_told_too(tmp_path: Path) -> None:
    assert str(crashes([task(4)], tmp_path)) == "A worker has crashed, with exit status 1"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            [json.dumps({"level": "ERROR", "traceback": RAISED}), '{"level": "INFO"}'],
            "KeyError: 'a'",
        ),
        ([*RAISED.splitlines(), "", '{"level": "INFO", "message": "bye"}'], "KeyError: 'a'"),
        (
            ['{"level": "CRITICAL", "message": "No model", "reason": "it is not there"}'],
            "No model: it is not there",
        ),
        (['{"level": "INFO", "message": "fine"}'], ""),
        (["x" * 400], "x" * 300),
    ],
)
def test_the_last_words_of_a_worker_say_what_went_wrong(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    (tmp_path / "worker-1.log").write_text("\n".join(lines))
    assert last_words(tmp_path, "worker-1") == said


def test_the_status_names_the_crashes_and_the_log() -> None:
    crashed = Crashes(7, 1, "worker-00000005", "[a] KeyError")
    fleet = FleetStatus(1, 0, 0, [], [], {}, [], {}, crashed)
    printed = io.StringIO()
    report.fleet_status(Console(file=printed, width=60), fleet)
    assert "Workers crashed 7 times, the last one with exit status 1: [a] KeyError" in (
        printed.getvalue()
    )
    assert "make local-logs NAME=worker-00000005" in printed.getvalue()
