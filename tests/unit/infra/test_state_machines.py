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
    "wake_state_machine_arn",
}


def machine(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.asl.json").read_text())
    return found


def successors(state: dict[str, Any]) -> set[str]:
    """The states that can follow a state."""
    transitions = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    found = {transition["Next"] for transition in transitions if "Next" in transition}
    return found | ({state["Default"]} if "Default" in state else set())


def test_there_are_three_state_machines() -> None:
    assert [path.name for path in FILES] == [
        "confirm.asl.json",
        "scaling.asl.json",
        "wake.asl.json",
    ]


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
    states = machine("scaling")["States"]
    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}
    caught = {name: task["Catch"][0] for name, task in tasks.items()}
    assert {name: one["Next"] for name, one in caught.items()} == {
        "Backlog": "Again?",
        "Wake": "Idle?",
        "Notify": "Again?",
    }
    assert all(one["ErrorEquals"] == ["States.ALL"] for one in caught.values())


@pytest.mark.parametrize("name", ["scaling", "wake"])
def test_a_fleet_is_woken_only_from_zero_and_only_for_a_job(name: str) -> None:
    (woken,) = machine(name)["States"]["Asleep?"]["Choices"]
    desired, wanted = woken["And"]
    assert (desired["Variable"].split(".")[-1], desired["NumericEquals"]) == ("desired", 0)
    assert (wanted["Variable"].split(".")[-1], wanted["NumericGreaterThan"]) == ("wanted", 0)
    assert woken["Next"] == "Wake"


@pytest.mark.parametrize(("name", "count"), [("wake", 3), ("confirm", 1)])
def test_the_failed_tasks_of_a_machine_that_runs_once_are_tried_again(
    name: str, count: int
) -> None:
    tasks = [state for state in machine(name)["States"].values() if state["Type"] == "Task"]
    assert len(tasks) == count
    for task in tasks:
        (retried,) = task["Retry"]
        assert retried["ErrorEquals"] == ["States.ALL"]
        assert retried["MaxAttempts"] >= 1


def test_a_fleet_wakes_without_its_group_being_raised() -> None:
    (caught,) = machine("wake")["States"]["Raise"]["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Done")
