"""A standby process becomes the first task; where it cannot, there is none."""

import json
import sys
from pathlib import Path

import pytest
from discord_diffusion_emulator.processes.children import CHILDREN
from discord_diffusion_emulator.tasks import standby
from discord_diffusion_emulator.tasks.environment import TASK_ENVIRONMENT, TASK_FOLDER

BECOMES_TASK = """
import json, os, sys
before = os.environ["CACHE"]
given = json.loads(sys.stdin.readline())
print(before, given["TASK"])
"""


def begin(monkeypatch: pytest.MonkeyPatch, folder: Path, *command: str) -> None:
    monkeypatch.setenv(standby.COMMAND, json.dumps(command))
    monkeypatch.setenv(TASK_FOLDER, str(folder))
    monkeypatch.setenv(TASK_ENVIRONMENT, json.dumps({"CACHE": "cached"}))
    standby.start()


def test_it_has_the_environment_of_all_tasks_and_then_that_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin(monkeypatch, tmp_path, sys.executable, "-c", BECOMES_TASK)
    process = standby.take({"TASK": "first"})
    assert process is not None
    assert process.stdout is not None
    assert process.stdout.read() == b"cached first\n"
    assert CHILDREN.wait(process) == 0
    process.stdout.close()
    assert standby.take({"TASK": "second"}) is None, "only the first task finds one"


def test_one_that_has_ended_becomes_no_task(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin(monkeypatch, tmp_path, sys.executable, "-c", "")
    [process] = standby._waiting
    process.wait()
    assert standby.take({"TASK": "first"}) is None


def test_without_a_command_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(standby.COMMAND, raising=False)
    standby.start()
    assert standby.take({}) is None
