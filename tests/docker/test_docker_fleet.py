"""The fleet agent starts containers as workers: from none, and none outlives its stack."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from engine_facts import leftovers

from emulation.bootstrap.layout import Layout
from emulation.display import Display
from emulation.docker import client, stack
from emulation.fleet_agent import FleetAgent
from emulation.stack.options import FleetOptions, StackOptions
from emulation.stack.state import StackState, StateFolder
from emulation.stand_in import StandIn
from tests.container_stack import service_container
from tests.waiting import eventually

LAYOUT = Layout.of_this_checkout()
ASLEEP = StackOptions(aws_port=0, discord_port=0, fleet=FleetOptions(0, 2, speed=120))
Start = Callable[[StackOptions], StackState]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts stacks in one folder; what is left of them at the end is an error."""
    folder = StateFolder(tmp_path)
    states: list[StackState] = []

    def started(options: StackOptions) -> StackState:
        with Display() as display:
            states.append(stack.start(LAYOUT, folder, options, display))
        return states[-1]

    yield started
    stack.stop(LAYOUT, folder)
    assert [leftovers(one.project) for one in states] == [[]] * len(states)


def tasks(state: StackState) -> list[str]:
    """Names of the containers that run as tasks."""
    label = f"label={stack.STACK_LABEL}={state.project}"
    return client.docker("ps", "--filter", label, "--format", "{{.Names}}").split()


def test_one_interaction_wakes_a_fleet_of_none_and_gets_its_pictures(start: Start) -> None:
    state = start(ASLEEP)
    assert tasks(state) == []
    stand_in = StandIn(state.discord_url)
    interaction = stand_in.send("imagine", {"prompt": "a red circle", "images": 1})
    eventually(lambda: bool(tasks(state)), "a task's container was started", 120)
    assert len(stand_in.wait_for_pictures(interaction, 120).pictures) == 1
    (name,) = tasks(state)
    assert name.startswith(f"{state.project}-worker-")
    lines = client.docker("logs", name)
    assert interaction in lines


def test_a_task_that_crashes_is_replaced_and_its_container_is_gone(start: Start) -> None:
    state = start(replace(ASLEEP, fleet=FleetOptions(1, 1, speed=120)))
    (before,) = tasks(state)
    agent = FleetAgent(state.aws_endpoint)
    (task,) = [one for one in agent.state()["tasks"] if one["status"] == "RUNNING"]
    agent.change("crash-task", task=task["task"])
    eventually(lambda: bool(tasks(state)) and before not in tasks(state), "another runs", 120)
    everything = client.docker("ps", "--all", "--format", "{{.Names}}").split()
    assert before not in everything


def test_what_a_killed_emulator_left_is_swept_by_the_next(start: Start) -> None:
    state = start(replace(ASLEEP, fleet=FleetOptions(1, 1, speed=120)))
    (before,) = tasks(state)
    client.docker("kill", "--signal", "KILL", service_container(state.project, "emulator"))
    again = start(replace(ASLEEP, fleet=FleetOptions(1, 1, speed=120)))
    assert again.project == state.project
    assert before not in tasks(again)
    assert len(tasks(again)) == 1
