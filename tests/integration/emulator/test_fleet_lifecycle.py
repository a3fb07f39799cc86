"""Tasks live no longer than the emulator."""

from pathlib import Path

import emulators
import pytest
from emulated import wait_until
from fleets import make, worker_tasks

from tests.targets import DOCKER, TARGET

SWEPT = pytest.mark.skipif(
    TARGET == DOCKER, reason="the next emulator of the stack sweeps: test_docker_fleet.py"
)


@pytest.mark.parametrize("killed", [pytest.param(True, marks=SWEPT), False])
def test_tasks_die_with_the_emulator(tmp_path: Path, killed: bool) -> None:
    tasks = worker_tasks(tmp_path, environment={"STUBBORN": "yes"}, first_scale_out=0)
    running = emulators.start(tmp_path, tasks)
    try:
        stack = make(running, "dying")
        stack.awake()
        [shown] = [one for one in stack.fleet()["tasks"] if one["status"] == "RUNNING"]
        is_there = running.task_watch(shown)
        assert is_there()
        if killed:
            running.kill()
        else:
            running.stop()
        wait_until(lambda: not is_there(), "the task is gone")
    finally:
        running.remove()
