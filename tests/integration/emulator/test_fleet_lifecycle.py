"""Tasks live no longer than the emulator."""

import sys
from pathlib import Path

import psutil
import pytest
from emulated import Emulator, gone, wait_until
from fleets import FAST, WORKER, make

from emulation.aws.launch import Tasks


@pytest.mark.parametrize("killed", [True, False])
def test_tasks_die_with_the_emulator(tmp_path: Path, killed: bool) -> None:
    tasks = Tasks(
        command=(sys.executable, str(WORKER)),
        environment={"EVENTS": str(tmp_path / "events"), "STUBBORN": "yes"},
        fleet={**FAST, "first_scale_out": 0},
    )
    running = Emulator(tmp_path, tasks)
    stack = make(running, "dying")
    stack.awake()
    [shown] = [one for one in stack.fleet()["tasks"] if one["status"] == "RUNNING"]
    process = psutil.Process(shown["pid"])
    if killed:
        running.process.kill()
        running.process.wait()
    else:
        running.stop()
    wait_until(lambda: gone([process]), "the task is gone")
