"""The fleet agent starts containers as workers: from none, and none outlives its stack.

One stack for all of them, in the order of the file. What a killed emulator leaves is looked for in
tests/integration/test_rig_cli.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from engine_facts import leftovers

from emulation.bootstrap.layout import Layout
from emulation.display import Display
from emulation.docker import client, stack
from emulation.fleet_agent import FleetAgent
from emulation.stack.options import FleetOptions, StackOptions
from emulation.stack.state import StackState, StateFolder
from emulation.stand_in import StandIn
from tests.engine import labelled
from tests.waiting import eventually

LAYOUT = Layout.of_this_checkout()
ASLEEP = StackOptions(
    aws_port=0,
    discord_port=0,
    fleet=FleetOptions(0, 1, speed=120),
    # Short, so that a job of a crashed worker is received again within seconds.
    visibility_timeout_seconds=6,
)
LONG = {"prompt": "a yellow heart on a black background", "images": 4, "steps": 100}


@dataclass
class Fleet:
    """A stack with a fleet of containers, and what the engine has of it."""

    folder: StateFolder
    state: StackState

    def tasks(self) -> list[str]:
        """Names of the containers that run as tasks."""
        label = f"{stack.STACK_LABEL}={self.state.project}"
        return [one.name for one in labelled(label, running=True)]

    def start(self, options: StackOptions) -> None:
        """Bring it up, whatever is left of it."""
        with Display() as display:
            self.state = stack.start(LAYOUT, self.folder, options, display)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet that sleeps; what is left of it at the end is an error."""
    one = Fleet(StateFolder(tmp_path_factory.mktemp("fleet")), StackState("docker"))
    one.start(ASLEEP)
    yield one
    stack.stop(LAYOUT, one.folder)
    assert leftovers(one.state.project) == []


def test_one_interaction_wakes_a_fleet_of_none_and_gets_its_pictures(fleet: Fleet) -> None:
    assert fleet.tasks() == []
    stand_in = StandIn(fleet.state.discord_url)
    interaction = stand_in.send("imagine", {"prompt": "a red circle", "images": 1})
    eventually(lambda: bool(fleet.tasks()), "a task's container was started", 120)
    assert len(stand_in.wait_for_pictures(interaction, 120).pictures) == 1
    (name,) = fleet.tasks()
    assert name.startswith(f"{fleet.state.project}-worker-")
    assert interaction in client.docker("logs", name)


def test_a_task_that_crashes_is_replaced_and_its_container_is_gone(fleet: Fleet) -> None:
    agent = FleetAgent(fleet.state.aws_endpoint)
    stand_in = StandIn(fleet.state.discord_url)
    interaction = stand_in.send("imagine", LONG)

    def protected() -> list[str]:
        """Tasks that work on a job."""
        return [one["task"] for one in agent.state()["tasks"] if one["protected"]]

    eventually(lambda: bool(protected()), "a task draws", 120)
    (task,) = protected()
    (before,) = [name for name in fleet.tasks() if task.startswith(name.rsplit("-", 1)[-1])]
    agent.change("crash-task", task=task)
    eventually(lambda: bool(fleet.tasks()) and before not in fleet.tasks(), "another runs", 120)
    assert before not in client.docker("ps", "--all", "--format", "{{.Names}}").split()
    assert len(stand_in.wait_for_pictures(interaction, 120).pictures) == LONG["images"]
