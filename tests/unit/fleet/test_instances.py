"""Which instances are spare: no task may ever come to miss one."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.fleet.instances import ContainerInstance, spare
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


def look(*, running: int, desired: int, wanted: int) -> FleetSnapshot:
    return FleetSnapshot(0, 0, running, desired, wanted, datetime(2026, 1, 1, tzinfo=UTC))


def instance(tasks: int = 0, *, draining: bool = False) -> ContainerInstance:
    return ContainerInstance("arn", "i-1", draining, tasks)


@given(INSTANCES, COUNTS, COUNTS, COUNTS)
def test_only_empty_ones_are_spare_and_only_while_every_wanted_task_runs(
    there: list[ContainerInstance], running: int, desired: int, wanted: int
) -> None:
    found = spare(there, look(running=running, desired=desired, wanted=wanted))
    assert all(one in there and not one.tasks for one in found)
    if running < desired or running < wanted or any(one.draining and one.tasks for one in there):
        assert found == []
    elif running == desired:
        assert len(found) == sum(not one.tasks for one in there)


def test_the_last_one_goes_with_its_last_task_and_not_before() -> None:
    quiet = look(running=0, desired=0, wanted=0)
    assert spare([instance(1)], quiet) == [], "its task still stops"
    assert spare([instance(0)], quiet) == [instance(0)]
    assert spare([instance(0)], look(running=0, desired=0, wanted=1)) == [], "a job has come"


def test_a_second_one_that_a_provider_started_from_zero_goes() -> None:
    working = look(running=1, desired=1, wanted=1)
    assert spare([instance(1), instance(0)], working) == [instance(0)]


def test_what_a_drained_instance_is_replaced_by_stays() -> None:
    working = look(running=1, desired=1, wanted=1)
    assert spare([instance(1, draining=True), instance(0)], working) == []
