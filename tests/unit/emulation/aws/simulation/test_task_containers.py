"""The containers of a task start and stop in the order of their dependencies, as on AWS."""

from signal import SIGKILL, SIGTERM

import pytest
from simulated_fleet import SimulatedFleet, snapshot

from ecs_fleet_emulator.simulation.effects import SignalContainer, StartContainer
from ecs_fleet_emulator.simulation.snapshots import (
    Condition,
    Container,
    Dependency,
    HealthCheck,
)
from ecs_fleet_emulator.simulation.state import ContainerStatus, Fault, Status, Task

CHECK = HealthCheck(interval=10, retries=2)


def fleet_of(*containers: Container) -> SimulatedFleet:
    """A fleet with one task of these containers, which has its image."""
    fleet = SimulatedFleet(snapshot(1, maximum=1))
    fleet.change_service(containers=containers)
    fleet.run_until(lambda: bool(fleet.tasks(Status.PENDING)))
    fleet.run(121)
    return fleet


def after(name: str, condition: Condition) -> tuple[Dependency, ...]:
    return (Dependency(name, condition),)


def task_of(fleet: SimulatedFleet) -> Task:
    return fleet.state.tasks["task-1"]


def started(fleet: SimulatedFleet) -> list[str]:
    """The containers of the first task in the order of their starts."""
    found = [e for _, e in fleet.effects(StartContainer) if isinstance(e, StartContainer)]
    return [one.container for one in found if one.task == "task-1"]


def statuses(task: Task) -> dict[str, tuple[ContainerStatus, int | None]]:
    return {one.name: (one.status, one.exit_code) for one in task.containers}


def test_all_containers_of_a_task_run() -> None:
    fleet = fleet_of(Container("web"), Container("log", essential=False))
    assert started(fleet) == ["web", "log"]
    assert fleet.tasks(Status.RUNNING) == ["task-1"]


def test_a_container_that_is_not_essential_may_end() -> None:
    fleet = fleet_of(Container("web"), Container("log", essential=False))
    fleet.exit("task-1", 7, "log")
    fleet.run(600)
    task = task_of(fleet)
    assert (task.status, task.exit_code) == (Status.RUNNING, None)
    assert statuses(task)["log"] == (ContainerStatus.STOPPED, 7)


def test_with_an_essential_container_the_others_are_stopped() -> None:
    fleet = fleet_of(Container("web"), Container("log", essential=False))
    fleet.exit("task-1", 3, "web")
    assert task_of(fleet).status is Status.STOPPING
    fleet.run(10)
    task = task_of(fleet)
    assert (task.status, task.reason) == (Status.STOPPED, "Essential container in task exited")
    assert (task.stop_code, task.exit_code) == ("EssentialContainerExited", 3)
    assert statuses(task) == {
        "web": (ContainerStatus.STOPPED, 3),
        "log": (ContainerStatus.STOPPED, 0),
    }


def test_containers_stop_before_those_that_they_depend_on_each_with_its_own_timeout() -> None:
    fleet = fleet_of(
        Container("proxy", depends_on=after("web", Condition.START), stop_timeout=5),
        Container("web", depends_on=after("db", Condition.START), stop_timeout=40),
        Container("db"),
    )
    assert started(fleet) == ["db", "web", "proxy"]
    fleet.graceful, began = None, fleet.now
    fleet.change_service(desired=0)
    fleet.run(120)
    assert [
        (at - began, effect.container, effect.signal)
        for at, effect in fleet.effects(SignalContainer)
        if isinstance(effect, SignalContainer)
    ] == [
        (0, "proxy", SIGTERM),
        (5, "proxy", SIGKILL),
        (5, "web", SIGTERM),
        (45, "web", SIGKILL),
        (45, "db", SIGTERM),
        (75, "db", SIGKILL),
    ]
    assert {code for _, code in statuses(task_of(fleet)).values()} == {137}


@pytest.mark.parametrize("condition", [Condition.COMPLETE, Condition.SUCCESS])
def test_a_container_waits_for_the_end_of_another_one_and_the_task_for_both(
    condition: Condition,
) -> None:
    fleet = fleet_of(
        Container("web", depends_on=after("init", condition)), Container("init", essential=False)
    )
    fleet.run(300)
    assert (started(fleet), fleet.tasks(Status.PENDING)) == (["init"], ["task-1"])
    fleet.exit("task-1", 0, "init")
    fleet.run(1)
    assert (started(fleet), fleet.tasks(Status.RUNNING)) == (["init", "web"], ["task-1"])


def test_a_container_starts_after_one_that_had_to_complete_and_failed() -> None:
    fleet = fleet_of(
        Container("web", depends_on=after("init", Condition.COMPLETE)),
        Container("init", essential=False),
    )
    fleet.exit("task-1", 1, "init")
    fleet.run(1)
    assert fleet.tasks(Status.RUNNING) == ["task-1"]


def test_a_task_fails_to_start_if_a_container_had_to_succeed_and_failed() -> None:
    fleet = fleet_of(
        Container("web", depends_on=after("init", Condition.SUCCESS)),
        Container("init", essential=False),
    )
    fleet.exit("task-1", 1, "init")
    fleet.run(1)
    task = task_of(fleet)
    assert (task.status, task.stop_code) == (Status.STOPPED, "TaskFailedToStart")
    assert task.reason == "Task failed to start"
    assert statuses(task)["web"] == (ContainerStatus.STOPPED, 143)
    assert "for target [web] as dependency did not exit successfully" in (
        task.container("web").reason
    )


def test_what_is_not_essential_and_cannot_start_is_left_out() -> None:
    fleet = fleet_of(
        Container("web"),
        Container("report", essential=False, depends_on=after("init", Condition.SUCCESS)),
        Container("late", essential=False, depends_on=after("report", Condition.START)),
        Container("init", essential=False),
    )
    fleet.exit("task-1", 1, "init")
    fleet.run(1)
    assert fleet.tasks(Status.RUNNING) == ["task-1"]
    assert "because dependency will never start" in task_of(fleet).container("late").reason


def test_a_container_starts_once_another_one_is_healthy() -> None:
    fleet = fleet_of(
        Container("web", depends_on=after("db", Condition.HEALTHY)),
        Container("db", health_check=CHECK),
    )
    assert started(fleet) == ["db"]
    fleet.run(10)
    assert started(fleet) == ["db", "web"]


def test_a_dependency_is_given_up_after_the_start_timeout_in_real_seconds() -> None:
    fleet = SimulatedFleet(snapshot(1, maximum=1))
    fleet.state.settings = fleet.state.settings.changed({"speed": 2})
    fleet.sick.add("db")
    fleet.change_service(
        containers=(
            Container("web", depends_on=after("db", Condition.HEALTHY)),
            Container("db", health_check=CHECK, start_timeout=60),
        )
    )
    fleet.run_until(lambda: bool(started(fleet)))
    fleet.run(110)
    assert task_of(fleet).status is Status.PENDING
    fleet.run(10)
    task = task_of(fleet)
    assert task.container("web").reason == (
        "CannotStartContainerError: dependency graph: container ordering dependency [db] for"
        " target [web] has timed out."
    )
    assert task.stop_code == "TaskFailedToStart"


def test_a_task_that_is_stopped_while_it_starts_starts_nothing_more() -> None:
    fleet = fleet_of(
        Container("web", depends_on=after("init", Condition.SUCCESS)), Container("init")
    )
    fleet.change_service(desired=0)
    fleet.run(60)
    assert (started(fleet), task_of(fleet).status) == (["init"], Status.STOPPED)
    assert statuses(task_of(fleet))["web"] == (ContainerStatus.STOPPED, None)


def test_a_task_that_is_stopped_out_of_reach_ends_once_its_agent_is_connected() -> None:
    fleet = fleet_of(
        Container("web", depends_on=after("init", Condition.COMPLETE)),
        Container("init", essential=False),
    )
    fleet.simulation.set_fault(Fault.AGENT_DISCONNECTED, on=True)
    fleet.change_service(desired=0)
    fleet.run(60)
    fleet.exit("task-1", 0, "init")
    fleet.run(60)
    assert (task_of(fleet).status, started(fleet)) == (Status.STOPPING, ["init"])
    fleet.simulation.set_fault(Fault.AGENT_DISCONNECTED, on=False)
    fleet.run(1)
    assert task_of(fleet).status is Status.STOPPED
    assert statuses(task_of(fleet))["web"] == (ContainerStatus.STOPPED, None)


def test_a_process_that_starts_after_its_task_was_stopped_is_killed() -> None:
    fleet = fleet_of(Container("web"), Container("init", depends_on=after("web", Condition.START)))
    fleet.change_service(desired=0)
    fleet.run(60)
    assert task_of(fleet).status is Status.STOPPED
    fleet.simulation.container_started("task-1", "web", fleet.now)
    fleet.run(1)
    assert fleet.signals(SIGKILL) == [fleet.now - 1]


def test_a_start_that_fails_ends_the_task_only_if_the_container_is_essential() -> None:
    fleet = fleet_of(
        Container("web", depends_on=after("init", Condition.COMPLETE)),
        Container("log", essential=False, depends_on=after("init", Condition.COMPLETE)),
        Container("init", essential=False),
    )
    fleet.simulation.container_not_started("task-1", "log", "no image", fleet.now)
    assert task_of(fleet).status is Status.PENDING
    fleet.simulation.container_not_started("task-1", "web", "no image", fleet.now)
    fleet.run(10)
    task = task_of(fleet)
    assert (task.status, task.reason) == (Status.STOPPED, "no image")
    assert {one.reason for one in task.containers} == {"no image", ""}
    assert statuses(task)["init"] == (ContainerStatus.STOPPED, 0)
