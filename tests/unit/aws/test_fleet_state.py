"""What the table says of the fleet, also in the words of another version."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

import pytest

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.guard import FleetGuard
from discord_diffusion.fleet.instance_hours import InstanceHours
from discord_diffusion.fleet.state import FleetSettings, FleetSnapshot, Stop
from discord_diffusion.fleet.wait_estimate import expected_wait
from discord_diffusion.jobs.record import WaitEstimate, WaitKind
from discord_diffusion.worker.dependencies import Dependencies
from tests.unit.aws.jobs_table import NOW, a_job, jobs_table

SETTINGS = FleetSettings(ScalingTarget(10, 1, 60, minimum=0, maximum=4), boot_seconds=300)
SNAPSHOT = FleetSnapshot(1, 0, 0, 1, 1, NOW)
UNHEARD_OF = "waits-for-a-comet"


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


def change(table: Table, key: str, attribute: str, kind: str) -> None:
    """Write a kind of wait into an item, as another version does."""
    table.client.update_item(
        TableName=table.name,
        Key={"id": {"S": key}},
        UpdateExpression="SET #a.kind = :kind",
        ExpressionAttributeNames={"#a": attribute},
        ExpressionAttributeValues={":kind": {"S": kind}},
    )


def test_after_a_rollback_a_stop_of_the_newer_version_is_a_wait_of_unknown_length(
    table: Table,
) -> None:
    store = FleetStateStore(table)
    _, guard = store.save_snapshot(SNAPSHOT)
    stopped = FleetGuard(InstanceHours(NOW, 3600, 3600), version=guard.version)
    stop = Stop(WaitKind.INSTANCE_HOURS, NOW + timedelta(hours=1))
    assert store.save_guard(stopped, stop)
    change(table, "fleet", "stop", UNHEARD_OF)
    wait = expected_wait(store.get(), SETTINGS, ahead=2, now=NOW)
    assert wait == WaitEstimate(WaitKind.UNKNOWN, 2, None)
    assert wait.fits(NOW + timedelta(minutes=10)), "no job is refused for it"


def test_after_a_rollback_a_record_with_a_wait_of_the_newer_version_can_be_read(
    table: Table,
) -> None:
    store, job = JobStore(table), a_job()
    store.accept(job, wait=WaitEstimate(WaitKind.TURN, 3, NOW))
    change(table, f"job#{job.id}", "wait", UNHEARD_OF)
    record = store.get(job.id)
    assert record is not None
    assert record.wait == WaitEstimate(WaitKind.UNKNOWN, 3, NOW)


def test_a_worker_says_when_it_is_ready(table: Table) -> None:
    store = FleetStateStore(table)
    assert store.ready_at() is None
    store.worker_is_ready(NOW)
    store.worker_is_ready(NOW + timedelta(seconds=1))
    assert store.ready_at() == NOW + timedelta(seconds=1)


def test_a_worker_whose_table_does_not_answer_works_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        def worker_is_ready(self, _at: datetime) -> None:
            raise StoreError("ThrottlingException")

    needs = cast(Dependencies, type("Needs", (), {"fleet": Broken()})())
    Dependencies.announce_ready(needs)
    assert "The readiness could not be written" in caplog.text
