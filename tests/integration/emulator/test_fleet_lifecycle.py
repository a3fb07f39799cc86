"""Tasks live no longer than the emulator."""

from collections.abc import Iterator
from pathlib import Path

import emulators
import pytest
from emulated import Emulator
from fleets import make, worker_tasks

from emulation.rig.waiting import wait_until
from tests.targets import DOCKER, TARGET


@pytest.fixture
def begun() -> Iterator[list[Emulator]]:
    """Emulators that a test starts; removed at its end."""
    running: list[Emulator] = []
    yield running
    for one in running:
        one.remove()


@pytest.mark.parametrize("killed", [True, False])
def test_tasks_die_with_the_emulator(tmp_path: Path, begun: list[Emulator], killed: bool) -> None:
    tasks = worker_tasks(tmp_path, environment={"STUBBORN": "yes"}, first_scale_out=0)
    begun.append(emulators.start(tmp_path, tasks))
    [first] = begun
    stack = make(first, "dying")
    stack.awake()
    [shown] = [one for one in stack.fleet()["tasks"] if one["status"] == "RUNNING"]
    is_there = first.task_watch(shown)
    assert is_there()
    if not killed:
        first.stop()
    elif TARGET == DOCKER:
        first.kill()
        # Containers outlive whoever started them: the next emulator of the stack sweeps.
        begun.append(emulators.start(tmp_path, tasks))
        make(begun[-1], "next")
    else:
        first.kill()
    wait_until(lambda: not is_there(), "the task is gone")
