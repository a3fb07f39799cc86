"""Health checks of containers decide about tasks, services and deployments, as on AWS."""

import pytest
from simulated_fleet import SERVICE, SimulatedFleet, snapshot

from ecs_fleet_emulator.simulation.effects import CheckHealth
from ecs_fleet_emulator.simulation.snapshots import Container, HealthCheck
from ecs_fleet_emulator.simulation.state import LIVE, Health, Status

CHECK = HealthCheck(interval=30, retries=3)
STOPPED = "Task failed container health checks"


def checked_fleet(*containers: Container, desired: int = 1, **changes: object) -> SimulatedFleet:
    """A fleet whose tasks run; by default of one container with a health check."""
    fleet = SimulatedFleet(snapshot(desired, maximum=4))
    fleet.change_service(containers=containers or (Container("main", health_check=CHECK),))
    fleet.change_service(**changes)
    fleet.run_until(lambda: fleet.running == desired)
    return fleet


def health(fleet: SimulatedFleet, task: str = "task-1") -> Health:
    return fleet.state.tasks[task].health


def test_a_task_is_healthy_after_the_first_check_that_succeeds() -> None:
    fleet = checked_fleet()
    assert health(fleet) is Health.UNKNOWN
    assert fleet.state.deployments[SERVICE].state == "IN_PROGRESS"
    fleet.run_until(lambda: health(fleet) is Health.HEALTHY, 30)
    fleet.run(1)
    assert fleet.state.deployments[SERVICE].state == "COMPLETED"
    began = len(fleet.effects(CheckHealth))
    fleet.run(300)
    assert len(fleet.effects(CheckHealth)) - began == 10


def test_a_task_is_unhealthy_after_as_many_failures_in_a_row_as_its_retries() -> None:
    fleet = checked_fleet(health_grace=100_000.0)
    fleet.sick.add("main")
    fleet.run(89)
    assert health(fleet) is Health.UNKNOWN
    fleet.run(2)
    assert health(fleet) is Health.UNHEALTHY
    fleet.sick.clear()
    fleet.run(30)
    assert health(fleet) is Health.HEALTHY


def test_failures_do_not_count_in_the_start_period_until_a_check_has_succeeded() -> None:
    check = HealthCheck(interval=30, retries=1, start_period=200)
    fleet = checked_fleet(Container("main", health_check=check), health_grace=100_000.0)
    fleet.sick.add("main")
    fleet.run(190)
    assert health(fleet) is Health.UNKNOWN
    fleet.sick.clear()
    fleet.run(6)  # checks are frequent in the start period
    assert health(fleet) is Health.HEALTHY
    fleet.sick.add("main")
    fleet.run(31)
    assert health(fleet) is Health.UNHEALTHY


def test_the_times_of_checks_are_real_seconds() -> None:
    fleet = checked_fleet()
    fleet.state.settings = fleet.state.settings.changed({"speed": 10})
    task = fleet.state.tasks["task-1"].containers[0]
    task.check_at = None
    fleet.run(299)
    assert health(fleet) is Health.UNKNOWN
    fleet.run(2)
    assert health(fleet) is Health.HEALTHY


def test_essential_containers_with_checks_decide_about_their_task() -> None:
    fleet = checked_fleet(
        Container("main", health_check=CHECK),
        Container("other", health_check=CHECK),
        Container("plain"),
        Container("side", essential=False, health_check=CHECK),
        health_grace=100_000.0,
    )
    fleet.sick |= {"side"}
    fleet.run(120)
    assert health(fleet) is Health.HEALTHY
    assert fleet.state.tasks["task-1"].container("side").health is Health.UNHEALTHY
    fleet.sick |= {"other"}
    fleet.run(120)
    assert health(fleet) is Health.UNHEALTHY


def test_a_task_without_checks_has_no_health_and_counts_as_healthy() -> None:
    fleet = checked_fleet(Container("main"), Container("side", False, health_check=CHECK))
    fleet.run(60)
    assert health(fleet) is Health.UNKNOWN
    assert fleet.state.deployments[SERVICE].state == "COMPLETED"


def test_an_unhealthy_task_is_replaced_once_another_one_is_healthy() -> None:
    fleet = checked_fleet()
    fleet.run(60)
    fleet.protect(["task-1"])
    fleet.sick.add("task-1")
    fleet.run_until(lambda: len(fleet.state.tasks) == 2)
    fleet.run_until(lambda: fleet.running == 2)
    fleet.run_until(lambda: fleet.running == 1)
    old, new = fleet.state.tasks.values()
    assert new.health is Health.HEALTHY
    assert (old.reason, old.stop_code) == (STOPPED, "ServiceSchedulerInitiated")
    assert "(service worker) (task task-1) failed container health checks." in (
        fleet.service_events()
    )


def test_without_room_for_another_task_an_unhealthy_one_is_stopped_first() -> None:
    fleet = checked_fleet(desired=2, maximum_percent=100, minimum_percent=0)
    fleet.run(60)
    fleet.sick |= {"task-1", "task-2"}
    fleet.run_until(lambda: fleet.running < 2)
    assert fleet.tasks(*LIVE) == ["task-2", "task-3"]  # one after the other
    fleet.run(600)
    assert [one.reason for one in fleet.state.tasks.values()] == [STOPPED, STOPPED, "", ""]
    assert fleet.running == 2


def test_the_grace_period_spares_a_new_task() -> None:
    fleet = checked_fleet(health_grace=400.0)
    fleet.sick.add("main")
    fleet.run(390)
    assert len(fleet.state.tasks) == 1
    fleet.run(11)
    assert len(fleet.state.tasks) == 2


def test_a_task_that_was_run_by_itself_is_not_stopped_for_its_health() -> None:
    fleet = checked_fleet()
    request = fleet.snapshot.services[SERVICE]
    fleet.sick.add("task-2")
    fleet.simulation.run_tasks(fleet.snapshot, request, 1, fleet.now)
    fleet.state.tasks["task-2"].service = "demo/"
    fleet.run(1200)
    assert health(fleet, "task-2") is Health.UNHEALTHY
    assert fleet.state.tasks["task-2"].status is Status.RUNNING


def test_a_rolling_update_keeps_the_old_tasks_until_new_ones_are_healthy() -> None:
    fleet = checked_fleet()
    fleet.run(60)
    fleet.sick.add("task-2")
    fleet.change_service(definition="worker:2")
    fleet.run_until(lambda: fleet.running == 2)
    fleet.run(60)
    assert fleet.running == 2
    fleet.sick.clear()
    fleet.run_until(lambda: fleet.running == 1)
    assert fleet.tasks(Status.RUNNING) == ["task-2"]


@pytest.mark.parametrize("rolls_back", [True, False])
def test_unhealthy_tasks_trip_the_circuit_breaker(rolls_back: bool) -> None:
    fleet = checked_fleet(circuit_breaker=True, rolls_back=rolls_back)
    fleet.run(60)
    fleet.sick |= {f"task-{number}" for number in range(2, 5)}
    fleet.change_service(definition="worker:2")
    fleet.run(7200)
    events = fleet.service_events()
    assert "(service worker) deployment failed: tasks failed to start." in events
    definition = fleet.snapshot.services[SERVICE].definition
    assert definition == ("worker:1" if rolls_back else "worker:2")


def test_the_health_that_an_engine_reports_is_taken_over() -> None:
    fleet = checked_fleet(health_grace=100_000.0)
    for found in (Health.UNHEALTHY, Health.HEALTHY, Health.UNKNOWN):
        fleet.simulation.health_checked("task-1", "main", found, fleet.now)
        assert health(fleet) is found
