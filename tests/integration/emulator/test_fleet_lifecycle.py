"""Tasks end with the emulator."""

from collections.abc import Iterator
from pathlib import Path

import emulators
import pytest
from running_emulator import Emulator
from small_fleet import make_fleet, worker_tasks

from emulation.rig.waiting import wait_until
from tests.targets import DOCKER, TARGET


@pytest.fixture
def started() -> Iterator[list[Emulator]]:
    """A list for the emulators that a test starts, which are removed at its end."""
    running: list[Emulator] = []
    yield running
    for emulator in running:
        emulator.remove()


@pytest.mark.parametrize("killed", [True, False])
def test_tasks_end_with_the_emulator(tmp_path: Path, started: list[Emulator], killed: bool) -> None:
    tasks = worker_tasks(tmp_path, environment={"STUBBORN": "yes"}, first_scale_out=0)
    started.append(emulators.start(tmp_path, tasks))
    [first] = started
    fleet = make_fleet(first, "dying")
    fleet.run_tasks()
    [task] = [t for t in fleet.agent_state()["tasks"] if t["status"] == "RUNNING"]
    is_running = first.task_watch(task)
    assert is_running()
    if not killed:
        first.stop()
    elif TARGET == DOCKER:
        first.kill()
        # Containers outlive a killed emulator: the next one of the same stack removes them.
        started.append(emulators.start(tmp_path, tasks))
        make_fleet(started[-1], "next")
    else:
        first.kill()
    wait_until(lambda: not is_running(), "the task is gone")
