"""A simulated fleet scales from zero, out, in and back to zero as a fleet on AWS does."""

from dataclasses import replace
from signal import SIGKILL, SIGTERM
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_fleet import SERVICE, SimulatedFleet, snapshot

from ecs_fleet_emulator.simulation.effects import (
    InstanceTerminated,
    InstanceTerminating,
    LaunchFailed,
    PublishReservation,
    RollBack,
    SetDesiredCapacity,
    SignalContainer,
    SpotWarning,
)
from ecs_fleet_emulator.simulation.settings import Settings
from ecs_fleet_emulator.simulation.snapshots import Placement, Resources, Service
from ecs_fleet_emulator.simulation.state import CrashRule, Phase, Status


def running(number: int = 1, **changes: object) -> SimulatedFleet:
    """A fleet with a number of running tasks."""
    fleet = SimulatedFleet(snapshot(number), Settings().changed(dict(changes)))
    fleet.run_until(lambda: fleet.running == number)
    fleet.run(1)
    return fleet


def test_a_fleet_without_demand_has_nothing_to_do() -> None:
    fleet = SimulatedFleet()
    fleet.run(3600)
    assert fleet.service_events() == ["(service worker) has reached a steady state."]
    assert fleet.simulation.next_step_at is None


def test_the_first_scale_out_from_zero_launches_two_instances() -> None:
    fleet = running(1)
    at, capacity = fleet.effects(SetDesiredCapacity)[0]
    assert capacity == SetDesiredCapacity("asg", 2)
    assert (at, PublishReservation("demo", "gpu", 200.0)) in fleet.log
    assert 0 < at <= 60
    assert fleet.instances == 2


def test_a_group_whose_processes_are_suspended_launches_and_ends_nothing() -> None:
    fleet = running(1)
    fleet.change_group(launches=False, desired=4)
    fleet.run(600)
    assert fleet.instances == 2
    fleet.change_group(launches=True)
    fleet.run_until(lambda: fleet.instances == 4)
    fleet.change_service(desired=0)
    fleet.change_group(terminates=False)
    fleet.run(3600)
    assert fleet.instances == 4
    fleet.change_group(terminates=True)
    fleet.run_until(lambda: fleet.instances == 0)


def test_without_a_first_scale_out_only_the_needed_instances_are_launched() -> None:
    assert running(1, first_scale_out=0).instances == 1
    assert running(3, first_scale_out=0).instances == 3


def test_the_group_never_exceeds_its_maximum() -> None:
    fleet = SimulatedFleet(snapshot(5, maximum=1))
    fleet.run(3600)
    assert (fleet.instances, fleet.running) == (1, 1)


def test_instances_and_tasks_pass_through_their_states_in_order_and_in_time() -> None:
    fleet = SimulatedFleet(snapshot(1, maximum=1))
    fleet.run(1)
    assert fleet.tasks(Status.PROVISIONING)
    launched = fleet.run_until(lambda: fleet.instances == 1)
    instance = next(iter(fleet.state.instances.values()))
    assert instance.phase is Phase.PENDING
    fleet.run_until(lambda: instance.phase is Phase.IN_SERVICE)
    assert not instance.registered
    pending = fleet.run_until(lambda: bool(fleet.tasks(Status.PENDING)))
    assert instance.registered
    assert fleet.run_until(lambda: fleet.running == 1) - pending >= 118
    assert pending - launched >= 78


def test_managed_scaling_needs_fifteen_minutes_of_data_before_it_scales_in() -> None:
    fleet = running(1)
    began = fleet.now
    fleet.run_until(lambda: fleet.instances == 1)
    assert fleet.now - began > 10 * 60
    quick = running(1, scale_in_points=1)
    assert quick.run_until(lambda: quick.instances == 1) < 10 * 60


def test_a_dropped_point_of_the_metric_delays_the_scale_out_by_a_minute() -> None:
    first = running(1).effects(SetDesiredCapacity)[0][0]
    later = running(1, drop_reservation_points=1).effects(SetDesiredCapacity)[0][0]
    assert later - first == 60


def test_a_service_that_is_scaled_to_zero_leaves_no_instance() -> None:
    fleet = running(2)
    fleet.change_service(desired=0)
    fleet.run_until(lambda: fleet.running == 0, 60)
    fleet.run_until(lambda: fleet.instances == 0)
    ended = [type(effect) for _, effect in fleet.effects(SignalContainer, InstanceTerminated)]
    assert ended == [SignalContainer] * 2 + [InstanceTerminated] * 2
    assert len(fleet.signals(SIGTERM)) == 2
    fleet.run(7200)
    assert fleet.simulation.next_step_at is None


def test_an_instance_with_a_task_is_protected_from_scale_in() -> None:
    fleet = running(2)
    fleet.change_group(desired=0)
    fleet.run(600)
    assert fleet.running == 2


def test_without_termination_protection_an_instance_is_drained() -> None:
    fleet = SimulatedFleet(snapshot(2, protects=False))
    fleet.run_until(lambda: fleet.running == 2)
    fleet.change_group(desired=0, maximum=0)
    fleet.run_until(lambda: fleet.instances == 0)
    assert len(fleet.signals(SIGTERM)) == 2


def test_scale_in_stops_no_protected_task_and_reports_that_once() -> None:
    fleet = running(3)
    kept = fleet.tasks(Status.RUNNING)[:2]
    fleet.protect(kept, 600)
    fleet.change_service(desired=0)
    fleet.run(300)
    assert fleet.tasks(Status.RUNNING) == kept
    event = "(service worker) was unable to scale in due to 2 tasks having scale-in protection."
    assert fleet.service_events().count(event) == 1
    fleet.run(400)
    assert fleet.running == 0


def test_a_task_that_ignores_sigterm_is_killed_after_its_stop_timeout() -> None:
    fleet = running(1)
    fleet.graceful = None
    fleet.change_service(desired=0)
    fleet.run(120)
    assert fleet.signals(SIGKILL)[0] - fleet.signals(SIGTERM)[0] == 30
    task = fleet.state.tasks["task-1"]
    assert (task.status, task.exit_code) == (Status.STOPPED, 137)


def test_a_task_that_exits_by_itself_is_replaced() -> None:
    fleet = running(1)
    fleet.exit("task-1", 1)
    fleet.run_until(lambda: fleet.running == 1)
    assert fleet.state.tasks["task-1"].stop_code == "EssentialContainerExited"
    assert fleet.tasks(Status.RUNNING) == ["task-2"]


def test_a_spot_interruption_warns_drains_and_terminates_the_instance() -> None:
    fleet = running(1)
    fleet.protect(["task-1"])
    instance = fleet.state.tasks["task-1"].instance
    assert instance is not None
    assert fleet.simulation.interrupt(instance, fleet.now)
    began = fleet.now
    fleet.run_until(lambda: instance not in fleet.state.instances)
    warnings = [(at - began, e.kind) for at, e in fleet.log if isinstance(e, SpotWarning)]
    assert warnings == [(0, "rebalance"), (60, "interruption")]
    assert [at - began for at in fleet.signals(SIGTERM)] == [60]
    assert [at - began for at, _ in fleet.effects(InstanceTerminating)] == [180]
    fleet.run_until(lambda: fleet.running == 1)
    assert fleet.tasks(Status.RUNNING) == ["task-2"]


def test_denied_launches_fail_until_they_are_allowed_again() -> None:
    fleet = SimulatedFleet(snapshot(1))
    fleet.simulation.deny_launches("asg", "no capacity")
    fleet.run(600)
    assert len(fleet.effects(LaunchFailed)) == 10
    assert fleet.instances == 0
    fleet.simulation.deny_launches("asg", None)
    fleet.run_until(lambda: fleet.running == 1)


def test_tasks_that_fail_to_start_trip_the_circuit_breaker_of_a_deployment() -> None:
    fleet = running(1)
    fleet.simulation.set_crash_rule(SERVICE, CrashRule())
    fleet.change_service(
        definition="worker:2", circuit_breaker=True, rolls_back=True, minimum_percent=0
    )
    fleet.run_until(lambda: bool(fleet.effects(RollBack)))
    assert fleet.snapshot.services[SERVICE].definition == "worker:1"
    fleet.simulation.set_crash_rule(SERVICE, None)
    fleet.run_until(lambda: fleet.running == 1)


def test_a_new_task_definition_replaces_the_tasks_of_the_old_one() -> None:
    fleet = running(2)
    fleet.change_service(definition="worker:2", minimum_percent=50)
    fleet.run_until(
        lambda: fleet.running == 2 and not fleet.tasks(Status.PENDING, Status.PROVISIONING)
    )

    def definitions() -> set[str]:
        return {fleet.state.tasks[task].definition for task in fleet.tasks(Status.RUNNING)}

    fleet.run_until(lambda: definitions() == {"worker:2"})


def test_a_deployment_that_is_forced_replaces_tasks_of_the_same_definition() -> None:
    fleet = running(2)
    before = set(fleet.tasks(Status.RUNNING))
    fleet.change_service(deployment=1, minimum_percent=50)
    fleet.run_until(lambda: fleet.running == 2 and not before & set(fleet.tasks(Status.RUNNING)))


def test_a_forced_deployment_that_fails_returns_to_the_tasks_that_run() -> None:
    fleet = running(2)
    before = set(fleet.tasks(Status.RUNNING))
    fleet.simulation.set_crash_rule(SERVICE, CrashRule())
    fleet.change_service(deployment=1, circuit_breaker=True, rolls_back=True)
    fleet.run_until(lambda: bool(fleet.effects(RollBack)))
    assert fleet.snapshot.services[SERVICE].deployment == 0
    fleet.simulation.set_crash_rule(SERVICE, None)
    fleet.run(600)
    assert set(fleet.tasks(Status.RUNNING)) == before


def test_a_service_that_cannot_be_read_keeps_its_tasks_and_the_others_go_on() -> None:
    fleet = running(1)
    other = replace(fleet.snapshot.services[SERVICE], key="demo/other")
    fleet.snapshot = replace(
        fleet.snapshot, services={"demo/other": other}, unreadable=frozenset({SERVICE})
    )
    fleet.run_until(lambda: fleet.running == 2)
    assert len(fleet.state.tasks_of(SERVICE)) == 1


SMALL = Resources(cpu=512, memory=1000)


@pytest.mark.parametrize(
    ("changes", "hosts"),
    [
        ({}, [1, 1, 1, 1]),
        ({"placement": (Placement.SPREAD_INSTANCES,)}, [1, 2, 1, 2]),
        ({"placement": (Placement.SPREAD_ZONES,)}, [1, 2, 1, 2]),
        ({"placement": (Placement.BINPACK_CPU,)}, [1, 1, 1, 1]),
        ({"placement": (Placement.SPREAD_ZONES, Placement.BINPACK_MEMORY)}, [1, 2, 1, 2]),
        ({"distinct": True}, [1, 2]),
        ({"daemon": True, "desired": 0}, [1, 2]),
    ],
)
def test_tasks_are_placed_by_the_rules_of_their_service(
    changes: dict[str, Any], hosts: list[int]
) -> None:
    fleet = running(2)
    fleet.change_group(zones=2)
    fleet.state.instances[1].zone, fleet.state.instances[2].zone = 0, 1
    small = Service("demo/small", 4, "small:1", SMALL)
    services = {**fleet.snapshot.services, "demo/small": replace(small, **changes)}
    fleet.snapshot = replace(fleet.snapshot, services=services)
    fleet.run(600)
    placed = [t for t in fleet.state.tasks_of("demo/small") if t.instance is not None]
    assert [task.instance for task in placed] == hosts


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6), st.floats(1, 900), st.sampled_from(["", "deny", "spot", "kill"])
        ),
        max_size=8,
    )
)
def test_every_fleet_recovers_and_scales_to_zero_after_any_disturbance(
    steps: list[tuple[int, float, str]],
) -> None:
    fleet = SimulatedFleet(snapshot(0, maximum=4))
    simulation, state = fleet.simulation, fleet.state
    for desired, seconds, disturbance in steps:
        fleet.change_service(desired=desired)
        simulation.deny_launches("asg", "none" if disturbance == "deny" else None)
        instances = list(state.instances)
        if disturbance == "spot" and instances:
            simulation.interrupt(instances[0], fleet.now)
        if disturbance == "kill" and (found := fleet.tasks(Status.RUNNING)):
            fleet.exit(found[0], -9)
        fleet.run(seconds)
        assert len(state.active_in("asg")) <= 4
        for instance in state.instances.values():
            free = state.free(instance)
            assert min(free.cpu, free.memory, free.gpus) >= 0
    simulation.deny_launches("asg", None)
    fleet.change_service(desired=2)
    fleet.run(3600)
    assert fleet.running == 2
    fleet.change_service(desired=0)
    fleet.run(10_000)
    assert (fleet.running, fleet.instances, simulation.next_step_at) == (0, 0, None)
