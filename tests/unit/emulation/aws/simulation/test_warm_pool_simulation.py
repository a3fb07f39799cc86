"""A simulated warm pool holds stopped instances, gives them to its group, and fills itself."""

from dataclasses import replace

import pytest
from simulated_fleet import SERVICE, SimulatedFleet, snapshot

from ecs_fleet_emulator.simulation.effects import (
    InstanceLaunched,
    InstanceTerminated,
    InstanceWarmed,
    InstanceWoken,
    LaunchFailed,
)
from ecs_fleet_emulator.simulation.settings import Settings
from ecs_fleet_emulator.simulation.snapshots import LaunchHook, RegionSnapshot, WarmPool
from ecs_fleet_emulator.simulation.state import Fault, Phase, Status

IMAGE = "registry/worker:v1"
DELAYS = Settings().delays
WARM_UP = (
    DELAYS.launch_seconds + DELAYS.register_seconds + DELAYS.pull_seconds + DELAYS.stop_seconds
)


def with_pool(desired: int = 0, size: int = 1, **changes: object) -> RegionSnapshot:
    """A fleet whose group has a warm pool of a constant size and a hook, as the module makes it."""
    plain = snapshot(desired)
    group = replace(
        plain.groups["asg"],
        warm_pool=WarmPool(size, size),
        launch_hook=LaunchHook(600.0, continues=True),
        completes_hook=True,
        warm_image=IMAGE,
        waits_in_warm_pool=True,
    )
    service = replace(plain.services[SERVICE], images=frozenset({IMAGE}))
    groups = {"asg": replace(group, **changes)}  # type: ignore[arg-type]  # by name
    return replace(plain, groups=groups, services={SERVICE: service})


def warmed(size: int = 1, **changes: object) -> SimulatedFleet:
    """A sleeping fleet whose pool is full."""
    fleet = SimulatedFleet(with_pool(size=size, **changes), Settings(first_scale_out=0))
    fleet.run_until(lambda: phases(fleet) == [Phase.WARM_STOPPED] * size)
    return fleet


def phases(fleet: SimulatedFleet) -> list[Phase]:
    """The phases of all instances, oldest first."""
    return [instance.phase for instance in fleet.state.instances.values()]


def start(fleet: SimulatedFleet, instances: int = 1) -> float:
    """Wake the fleet as the wake-up does; the seconds until its tasks run."""
    asked = fleet.now
    fleet.change_service(desired=instances)
    fleet.change_group(desired=instances)
    return fleet.run_until(lambda: fleet.running == instances) - asked


def test_an_instance_boots_pulls_the_image_and_stops_in_the_pool() -> None:
    fleet = SimulatedFleet(with_pool())
    fleet.run(WARM_UP - 1)
    assert phases(fleet) == [Phase.WARM_STOPPING]
    fleet.run(1)
    assert phases(fleet) == [Phase.WARM_STOPPED]
    assert [at for at, _ in fleet.effects(InstanceWarmed)] == [WARM_UP]
    fleet.run(3600)
    assert fleet.instances == 1
    assert fleet.simulation.next_step_at is None


def test_a_start_from_the_pool_takes_a_start_and_a_boot_and_no_pull() -> None:
    fleet = warmed()
    took = start(fleet)
    exact = DELAYS.start_seconds + DELAYS.register_seconds + DELAYS.cached_pull_seconds
    assert exact <= took <= exact + 1
    assert len(fleet.effects(InstanceWoken)) == 1


def test_the_pool_is_filled_again_while_the_woken_instance_works() -> None:
    fleet = warmed()
    start(fleet)
    assert sorted(phases(fleet)) == [Phase.IN_SERVICE, Phase.WARM_WAITING]
    fleet.run(WARM_UP)
    assert sorted(phases(fleet)) == [Phase.IN_SERVICE, Phase.WARM_STOPPED]


def test_an_empty_pool_leaves_a_cold_start() -> None:
    fleet = warmed()
    assert start(fleet, 2) >= DELAYS.launch_seconds + DELAYS.register_seconds + DELAYS.pull_seconds
    assert len(fleet.effects(InstanceWoken)) == 1


def test_an_instance_is_not_returned_to_the_pool() -> None:
    fleet = warmed()
    start(fleet)
    fleet.change_service(desired=0)
    fleet.run(60)
    fleet.change_group(desired=0)
    fleet.run(3600)
    assert phases(fleet) == [Phase.WARM_STOPPED]
    assert len(fleet.effects(InstanceTerminated)) == 1


def test_an_agent_joins_the_cluster_only_when_its_instance_is_to_be_in_service() -> None:
    fleet = SimulatedFleet(with_pool(), Settings(first_scale_out=0))
    until = WARM_UP + 60
    while fleet.now < until:
        assert not any(instance.registered for instance in fleet.state.instances.values())
        fleet.run(1)
    start(fleet)
    assert any(instance.registered for instance in fleet.state.instances.values())


def test_an_agent_that_does_not_know_of_the_pool_gets_a_task_that_is_lost() -> None:
    """What ECS_WARM_POOLS_CHECK prevents: tasks wait on an instance that is stopped with them."""
    fleet = SimulatedFleet(with_pool(desired=1, waits_in_warm_pool=False))
    fleet.run_until(lambda: bool(fleet.tasks(Status.PENDING)))
    assert phases(fleet)[0] is Phase.WARM_WAITING
    [task] = fleet.tasks(Status.PENDING)
    fleet.run_until(lambda: task in fleet.tasks(Status.STOPPED))
    assert phases(fleet)[0] is Phase.WARM_STOPPED
    assert fleet.state.tasks[task].reason == "Host EC2 was stopped."


def test_a_task_of_another_image_pulls_it() -> None:
    fleet = warmed()
    fleet.change_service(images=frozenset({"registry/worker:v2"}))
    assert start(fleet) >= DELAYS.pull_seconds


@pytest.mark.parametrize(
    ("continues", "found"),
    [(True, [Phase.WARM_STOPPED]), (False, [Phase.WARM_TERMINATING, Phase.WARM_PENDING])],
)
def test_a_hook_that_nobody_completes_ends_by_its_default_result(
    continues: bool, found: list[Phase]
) -> None:
    hook = LaunchHook(600.0, continues=continues)
    fleet = SimulatedFleet(with_pool(completes_hook=False, launch_hook=hook))
    fleet.run(DELAYS.launch_seconds + 600.0 - 1)
    assert phases(fleet) == [Phase.WARM_WAITING]
    fleet.run(1 + (DELAYS.stop_seconds if continues else 0))
    assert phases(fleet) == found


def test_without_a_hook_an_instance_stops_before_it_has_pulled_anything() -> None:
    fleet = warmed(launch_hook=None, completes_hook=False)
    assert start(fleet) >= DELAYS.pull_seconds


def test_an_image_that_cannot_be_pulled_leaves_a_pool_without_it() -> None:
    fleet = SimulatedFleet(with_pool(), Settings(first_scale_out=0))
    fleet.simulation.set_fault(Fault.IMAGE_PULL, on=True)
    fleet.run(WARM_UP)
    fleet.simulation.set_fault(Fault.IMAGE_PULL, on=False)
    assert phases(fleet) == [Phase.WARM_STOPPED]
    assert start(fleet) >= DELAYS.pull_seconds


def test_a_pool_that_shrinks_or_is_removed_ends_its_instances() -> None:
    fleet = warmed(2)
    fleet.change_group(warm_pool=WarmPool(1, 1))
    fleet.run(DELAYS.terminate_seconds + 1)
    assert phases(fleet) == [Phase.WARM_STOPPED]
    fleet.change_group(warm_pool=None)
    fleet.run(DELAYS.terminate_seconds + 1)
    assert phases(fleet) == []


def test_the_instances_of_a_deleted_groups_pool_end() -> None:
    fleet = warmed()
    fleet.snapshot = replace(fleet.snapshot, groups={})
    fleet.run(DELAYS.terminate_seconds + 1)
    assert phases(fleet) == []


def test_a_pool_without_numbers_holds_what_the_group_lacks_to_its_maximum() -> None:
    fleet = SimulatedFleet(with_pool(warm_pool=WarmPool(), maximum=3))
    fleet.run(1)
    assert len(fleet.effects(InstanceLaunched)) == 3


def test_neither_a_launch_into_the_pool_nor_a_start_from_it_succeeds_without_capacity() -> None:
    fleet = warmed()
    fleet.simulation.deny_launches("*", "no capacity")
    fleet.change_group(desired=1)
    fleet.run(300)
    assert phases(fleet) == [Phase.WARM_STOPPED]
    assert {effect.warm for _, effect in fleet.effects(LaunchFailed)} == {False}  # type: ignore[attr-defined]
    fleet.simulation.deny_launches("*", None)
    fleet.run(1)
    fleet.simulation.deny_launches("*", "no capacity")
    fleet.run(300)
    assert phases(fleet)[0] is Phase.IN_SERVICE
