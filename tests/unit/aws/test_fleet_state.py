"""What the table says of the fleet, also in the words of another version."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.guard import FleetGuard, WatchedInstance
from discord_diffusion.fleet.instance_hours import InstanceHours
from discord_diffusion.fleet.pace import DrawnBatch, MeasuredPace
from discord_diffusion.fleet.starts import StartHistory
from discord_diffusion.fleet.state import FleetSettings, FleetSnapshot, FleetState, Stop
from discord_diffusion.fleet.wait_estimate import expected_wait
from discord_diffusion.fleet.work import Work, WorkAhead
from discord_diffusion.jobs.record import WaitEstimate, WaitKind
from discord_diffusion.worker.dependencies import Dependencies
from tests.unit.aws.jobs_table import NOW, a_job, jobs_table

SETTINGS = FleetSettings(ScalingTarget(10, 1, 60, minimum=0, maximum=4), boot_seconds=300)
SNAPSHOT = FleetSnapshot(1, 0, 0, 1, 1, NOW)
UNHEARD_OF = "waits-for-a-comet"
GUARD = FleetGuard(
    hours=InstanceHours(NOW - timedelta(seconds=1), 60.5, 7200.25),
    instances={
        "i-1": WatchedInstance(NOW - timedelta(seconds=2)),
        "i-2": WatchedInstance(NOW - timedelta(seconds=3), NOW - timedelta(hours=1), lost=True),
    },
    starts=StartHistory(
        failures=5,
        pauses=2,
        paused_until=NOW + timedelta(minutes=20),
        failed_at=NOW - timedelta(seconds=4),
        works_since=NOW - timedelta(seconds=5),
    ),
)
"""The guard's state with a value of its own for each part."""


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
    wait = expected_wait(store.get(), SETTINGS, ahead=WorkAhead(2, 2), units=1, now=NOW)
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


def guard_of(store: FleetStateStore) -> FleetGuard:
    """The guard's state, as the next look finds it."""
    return store.save_snapshot(SNAPSHOT)[1]


def test_a_guard_that_was_never_saved_begins_to_count_hours_with_its_first_look(
    table: Table,
) -> None:
    assert guard_of(FleetStateStore(table)) == FleetGuard(InstanceHours(NOW))


def test_the_guard_is_found_as_the_last_look_left_it_in_the_next_version(table: Table) -> None:
    store = FleetStateStore(table)
    for version, saved in enumerate([GUARD, FleetGuard(InstanceHours(NOW)), GUARD]):
        assert guard_of(store).version == version
        assert store.save_guard(replace(saved, version=version), None)
        assert guard_of(store) == replace(saved, version=version + 1)


def test_a_look_that_another_one_has_overtaken_saves_neither_its_guard_nor_its_stop(
    table: Table,
) -> None:
    store = FleetStateStore(table)
    overtaken = guard_of(store)
    stop = Stop(WaitKind.FAILED_STARTS, NOW + timedelta(minutes=20))
    assert store.save_guard(GUARD, stop)
    assert not store.save_guard(overtaken, None)
    assert not store.save_guard(replace(overtaken, version=2), None)
    assert guard_of(store) == replace(GUARD, version=1)
    assert store.get().stop == stop


def test_a_stop_lasts_until_a_look_finds_none_or_another_one(table: Table) -> None:
    store = FleetStateStore(table)
    assert store.get() == FleetState()
    failed = Stop(WaitKind.FAILED_STARTS, NOW + timedelta(minutes=20))
    capped = Stop(WaitKind.INSTANCE_HOURS, NOW + timedelta(hours=1))
    for stop in (None, failed, capped, None):
        assert store.save_guard(guard_of(store), stop)
        assert store.get().stop == stop


@pytest.mark.parametrize(
    ("removed", "left"),
    [
        # As docs/operations.md says it, for a start at once.
        (
            "guard.starts.failures, guard.starts.pauses, guard.starts.paused_until",
            StartHistory(failed_at=GUARD.starts.failed_at, works_since=GUARD.starts.works_since),
        ),
        ("guard.starts", StartHistory()),
    ],
)
def test_failed_starts_that_an_operator_removed_are_forgotten(
    table: Table, removed: str, left: StartHistory
) -> None:
    store = FleetStateStore(table)
    guard_of(store)
    assert store.save_guard(GUARD, None)
    by_hand = f"SET guard.version = guard.version + :one REMOVE {removed}"
    table.update_item(table.update("fleet", by_hand, values={":one": 1}))
    assert guard_of(store) == replace(GUARD, version=2, starts=left)


def test_a_launch_failure_is_known_until_aws_has_an_instance_or_a_task_runs(table: Table) -> None:
    store = FleetStateStore(table)
    starting = replace(SNAPSHOT, starting_since=NOW)
    short = replace(starting, launch_failed_at=NOW + timedelta(seconds=5))
    running = replace(SNAPSHOT, running=1)
    assert store.save_snapshot(SNAPSHOT)[0] == starting
    store.save_launch_failure(short.launch_failed_at)
    assert store.get().snapshot == short
    assert store.save_snapshot(SNAPSHOT)[0] == short
    store.save_launch_failure(None)
    assert store.get().snapshot == starting
    store.save_launch_failure(short.launch_failed_at)
    assert store.save_snapshot(running)[0] == running
    assert store.get().snapshot == running


def test_the_state_of_the_fleet_may_be_a_moment_old_and_costs_half_as_much(table: Table) -> None:
    requests: list[Any] = []

    def note(params: Any, **_: Any) -> None:
        requests.append(params["RequestItems"][table.name])

    table.client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", note)
    FleetStateStore(table).get()
    (request,) = requests
    assert request["ConsistentRead"] is False
    assert [key["id"]["S"] for key in request["Keys"]] == ["fleet", "pace"]


def test_a_snapshot_is_read_with_the_work_that_it_counted(table: Table) -> None:
    store = FleetStateStore(table)
    counted = replace(SNAPSHOT, in_flight=2, wanted=3, work=Work(jobs=3, users=2, units=7.5))
    store.save_snapshot(counted)
    found = store.get().snapshot
    assert found == replace(counted, starting_since=NOW)
    later = replace(counted, running=1, measured_at=NOW + timedelta(seconds=15), work=Work())
    store.save_snapshot(later)
    assert store.get().snapshot == later


def test_a_snapshot_of_an_earlier_version_has_no_work(table: Table) -> None:
    store = FleetStateStore(table)
    store.save_snapshot(replace(SNAPSHOT, work=Work(3, 2, 7.5)))
    table.update_item(table.update("fleet", "REMOVE #jobs, #users, #units"))
    found = store.get().snapshot
    assert found
    assert found.work == Work(0, 0, 0.0)


def test_the_pace_is_read_as_a_worker_published_it_in_place_of_another_one(table: Table) -> None:
    store = FleetStateStore(table)
    assert store.get().pace is None
    assert store.drew_at() is None
    store.save_pace(MeasuredPace((DrawnBatch(9, 9.0),), NOW))
    pace = MeasuredPace((DrawnBatch(3, 1.25), DrawnBatch(0.5, 2.0)), NOW + timedelta(seconds=60))
    store.save_pace(pace)
    assert store.get().pace == pace
    assert store.drew_at() == NOW + timedelta(seconds=60)


def test_the_pace_of_an_earlier_version_has_no_batches(table: Table) -> None:
    table.put_item(table.put({"id": "pace", "seconds_per_job": 3, "measured_at": NOW.timestamp()}))
    assert FleetStateStore(table).get().pace == MeasuredPace((), NOW)


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
