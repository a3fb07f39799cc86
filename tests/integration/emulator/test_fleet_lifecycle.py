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
def begun() -> Iterator[list[Emulator]]:
    """A list for the emulators that a test starts, which are removed at its end."""
    running: list[Emulator] = []
    yield running
    for one in running:
        one.remove()


@pytest.mark.parametrize("killed", [True, False])
def test_tasks_end_with_the_emulator(tmp_path: Path, begun: list[Emulator], killed: bool) -> None:
    tasks = worker_tasks(tmp_path, environment={"STUBBORN": "yes"}, first_scale_out=0)
    begun.append(emulators.start(tmp_path, tasks))
    [first] = begun
    fleet = make_fleet(first, "dying")
    fleet.run_tasks()
    [shown] = [one for one in fleet.agent_state()["tasks"] if one["status"] == "RUNNING"]
    is_running = first.task_watch(shown)
    assert is_running()
    if not killed:
        first.stop()
    elif TARGET == DOCKER:
        first.kill()
        # Containers outlive whoever started them: the next emulator of the fleet sweeps.
        begun.append(emulators.start(tmp_path, tasks))
        make_fleet(begun[-1], "next")
    else:
        first.kill()
    wait_until(lambda: not is_running(), "the task is gone")
