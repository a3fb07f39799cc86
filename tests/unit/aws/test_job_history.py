"""The index of a user's answered jobs, on moto's DynamoDB."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.job_history import JobHistory
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.jobs.record import JobStatus
from tests.unit.aws.jobs_table import a_job, items, jobs_table

NOW = datetime.now(UTC).replace(microsecond=0)
WEEK = NOW - timedelta(days=7)


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


def answered(table: Table, count: int, **changes: str) -> list[str]:
    """The ids of jobs that were answered, a minute apart, the newest first."""
    jobs = [a_job(NOW - timedelta(minutes=number + 1), **changes) for number in range(count)]
    for job in jobs:
        JobStore(table).accept(job)
        JobStore(table).finish(job.id, JobStatus.ANSWERED, message="5")
    return [job.id for job in jobs]


def test_a_users_answered_jobs_are_found_newest_first_and_nobody_elses(table: Table) -> None:
    ids = answered(table, 3)
    answered(table, 2, user_id="78")
    history = JobHistory(table)
    assert [one.id for one in history.between("77", WEEK, NOW, 10)] == ids
    assert [one.id for one in history.between("77", WEEK, NOW, 2)] == ids[:2]
    assert [one.id for one in history.between("77", WEEK, NOW, 2, newest=False)] == ids[1:]
    assert history.between("79", WEEK, NOW, 10) == []


def test_the_jobs_at_the_edges_are_left_out(table: Table) -> None:
    _, middle, _ = answered(table, 3)
    history, minute = JobHistory(table), timedelta(minutes=1)
    between = history.between("77", NOW - 3 * minute, NOW - minute, 10)
    assert [one.id for one in between] == [middle]
    assert history.between("77", NOW, WEEK, 10) == []


@pytest.mark.parametrize(("before", "after", "found"), [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0)])
def test_a_job_is_found_between_the_moments_next_to_it(
    table: Table, before: int, after: int, found: int
) -> None:
    (job_id,) = answered(table, 1)
    at, step = NOW - timedelta(minutes=1), timedelta(milliseconds=1)
    between = JobHistory(table).between("77", at - before * step, at + after * step, 10)
    assert [one.id for one in between] == [job_id] * found


def test_the_records_are_as_of_a_moment_ago_which_costs_half(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = answered(table, 2)
    reads: list[tuple[list[str], bool]] = []
    read = table.batch_get_item

    def note(keys: list[str], *, consistent: bool) -> dict[str, Any]:
        reads.append((keys, consistent))
        return read(keys, consistent=consistent)

    monkeypatch.setattr(table, "batch_get_item", note)
    JobHistory(table).between("77", WEEK, NOW, 10)
    assert reads == [([f"job#{job_id}" for job_id in ids], False)]


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.REFUSED, None])
def test_jobs_without_pictures_are_in_no_history(table: Table, status: JobStatus | None) -> None:
    job = a_job(NOW - timedelta(minutes=1))
    JobStore(table).accept(job)
    if status:
        JobStore(table).finish(job.id, status)
    assert JobHistory(table).between("77", WEEK, NOW, 10) == []
    assert "history" not in items(table)[f"job#{job.id}"]


def test_what_is_removed_or_deleted_is_gone_and_is_not_made_again(table: Table) -> None:
    first, second = answered(table, 2)
    history = JobHistory(table)
    history.remove(first)
    assert [one.id for one in history.between("77", WEEK, NOW, 10)] == [second]
    table.client.delete_item(TableName=table.name, Key={"id": {"S": f"job#{second}"}})
    history.remove(second)
    assert history.between("77", WEEK, NOW, 10) == []
    assert items(table).keys() == {f"job#{first}"}
