"""The state machines' definitions: complete, bounded in time, and without a deployment's names."""

import json
import re
from typing import Any

import pytest

from toolchain.layout import Layout

FOLDER = Layout.of_this_checkout().root / "infra" / "state_machines"
FILES = sorted(FOLDER.glob("*.asl.json"))
PLACEHOLDERS = {
    "backlog_function_arn",
    "partition",
    "waiting_function_arn",
    "cluster_name",
    "service_name",
    "auto_scaling_group_name",
}


def machine(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.asl.json").read_text())
    return found


def successors(state: dict[str, Any]) -> set[str]:
    """The states that can follow a state."""
    transitions = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    found = {transition["Next"] for transition in transitions if "Next" in transition}
    return found | ({state["Default"]} if "Default" in state else set())


def test_there_are_two_state_machines() -> None:
    assert [path.name for path in FILES] == ["scaling.asl.json", "wake.asl.json"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_state_is_reached_and_leads_somewhere(path: Any) -> None:
    definition = json.loads(path.read_text())
    states = definition["States"]
    reached = {definition["StartAt"]}
    while found := set().union(*(successors(states[name]) for name in reached)) - reached:
        reached |= found
    assert reached == set(states)
    for state in states.values():
        assert successors(state) or state["Type"] == "Succeed"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_account_region_or_name_is_written_into_a_machine(path: Any) -> None:
    text = path.read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= PLACEHOLDERS
    assert not re.search(r"\d{12}|[a-z]{2}-[a-z]+-\d|arn:aws", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_machine_and_no_call_can_take_longer_than_an_express_execution(path: Any) -> None:
    definition = json.loads(path.read_text())
    assert definition["TimeoutSeconds"] < 300
    for state in definition["States"].values():
        if state["Type"] == "Task" and "lambda" in state["Resource"]:
            assert state["TimeoutSeconds"] <= 30


def test_a_failed_task_does_not_end_the_minutes_loop() -> None:
    tasks = [state for state in machine("scaling")["States"].values() if state["Type"] == "Task"]
    assert len(tasks) == 2
    for task in tasks:
        (caught,) = task["Catch"]
        assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Again?")


def test_the_failed_tasks_of_a_wake_up_are_tried_again() -> None:
    tasks = [state for state in machine("wake")["States"].values() if state["Type"] == "Task"]
    assert len(tasks) == 3
    for task in tasks:
        (retried,) = task["Retry"]
        assert retried["ErrorEquals"] == ["States.ALL"]
        assert retried["MaxAttempts"] >= 1


def test_a_fleet_wakes_without_its_group_being_raised() -> None:
    (caught,) = machine("wake")["States"]["Raise"]["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Done")
