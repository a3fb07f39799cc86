"""Instances are spare only if no task may need them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.fleet.instances import (
    ContainerInstance,
    Launch,
    launch_failed_at,
    spare_instances,
)
from discord_diffusion.fleet.state import FleetSnapshot

INSTANCES = st.lists(
    st.builds(
        ContainerInstance,
        arn=st.uuids().map(str),
        ec2_id=st.just("i-1"),
        draining=st.booleans(),
        tasks=st.integers(0, 2),
    ),
    max_size=6,
)
COUNTS = st.integers(0, 5)


def snapshot(*, running: int, desired: int, wanted: int) -> FleetSnapshot:
    return FleetSnapshot(0, 0, running, desired, wanted, datetime(2026, 1, 1, tzinfo=UTC))


def instance(tasks: int = 0, *, draining: bool = False) -> ContainerInstance:
    return ContainerInstance("arn", "i-1", draining, tasks)


@given(INSTANCES, COUNTS, COUNTS, COUNTS)
def test_only_empty_instances_are_spare_and_only_while_every_wanted_task_runs(
    instances: list[ContainerInstance], running: int, desired: int, wanted: int
) -> None:
    found = spare_instances(instances, snapshot(running=running, desired=desired, wanted=wanted))
    assert all(one in instances and not one.tasks for one in found)
    if (
        running < desired
        or running < wanted
        or any(one.draining and one.tasks for one in instances)
    ):
        assert found == []
    elif running == desired:
        assert len(found) == sum(not one.tasks for one in instances)


def test_the_last_instance_is_spare_once_its_last_task_has_stopped() -> None:
    quiet = snapshot(running=0, desired=0, wanted=0)
    assert spare_instances([instance(1)], quiet) == [], "its task still stops"
    assert spare_instances([instance(0)], quiet) == [instance(0)]
    assert spare_instances([instance(0)], snapshot(running=0, desired=0, wanted=1)) == [], (
        "a job has come"
    )


def test_an_instance_beyond_the_wanted_tasks_is_spare() -> None:
    working = snapshot(running=1, desired=1, wanted=1)
    assert spare_instances([instance(1), instance(0)], working) == [instance(0)]


def test_the_replacement_of_a_draining_instance_is_not_spare() -> None:
    working = snapshot(running=1, desired=1, wanted=1)
    assert spare_instances([instance(1, draining=True), instance(0)], working) == []


def test_the_newest_launch_says_whether_launches_fail() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    later = first + timedelta(seconds=1)
    failed, launched = Launch(first, None, "no capacity"), Launch(first, "i-1", None)
    assert launch_failed_at([failed], first) == first
    assert launch_failed_at([failed], later) is None
    assert launch_failed_at([], first) is None
    assert launch_failed_at([launched], first) is None
    failed_later = Launch(later, None, "no capacity")
    for launches in ([launched, failed_later], [failed_later, launched]):
        assert launch_failed_at(launches, first) == later
    for launches in ([failed, Launch(later, "i-1", None)], [Launch(later, "i-1", None), failed]):
        assert launch_failed_at(launches, first) is None
