"""The job store on the emulator's DynamoDB."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import pytest
from running_emulator import Emulator

from discord_diffusion.access.limits import Limits, Quota
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.errors import StoreUnavailableError, UnknownJobError
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind
from tests.jobs_table import create_jobs_table

TOKEN = "the-interaction-token"
PARAMETERS = GenerationParameters(
    prompt="a `red` circle 🔴", seed=7, steps=4, guidance=7.5, width=64, height=64, images=2,
    model="tiny", source=SourceImage("https://cdn.example/a.png", 0.6),
)  # fmt: skip


CHARGE = Charge(800, Limits(in_flight=1000), audit_days=1)


def snowflake(at: float) -> str:
    """The id of an interaction at a time."""
    return str((int(at * 1000) - 1_420_070_400_000) << 22)


def job(job_id: str | None = None) -> Job:
    return Job(
        id=job_id or str(int(snowflake(time.time())) + uuid4().int % 2**22),
        application_id="1000",
        token=TOKEN,
        user_id=str(uuid4().int % 2**60),
        locale="de",
        parameters=PARAMETERS,
        channel_id="3000",
        private=True,
    )


@pytest.fixture(scope="module")
def table(emulator: Emulator) -> Iterator[str]:
    name = f"t{uuid4().hex[:6]}-jobs"
    client = emulator.client("dynamodb")
    create_jobs_table(client, name)
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def store(table: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> JobStore:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.config.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return JobStore(Table(table, region="us-east-1"))


@pytest.fixture
def accepted(store: JobStore) -> Job:
    """A job that is queued."""
    new_job = job()
    assert store.accept(new_job, charge=CHARGE, wait=WaitEstimate(WaitKind.UNKNOWN, 0, None))
    return new_job


@pytest.fixture
def item(emulator: Emulator, table: str) -> Callable[[Job], dict[str, Any]]:
    """Reads the item of a job from DynamoDB."""

    def read(of: Job) -> dict[str, Any]:
        found: dict[str, Any] = emulator.client("dynamodb").get_item(
            TableName=table, Key={"id": {"S": f"job#{of.id}"}}
        )["Item"]
        return found

    return read


def at_once(callers: int, call: Callable[[], Any]) -> list[Any]:
    """The results of `call` in several threads that call it at the same time."""
    together = threading.Barrier(callers)

    def call_together(_: int) -> Any:
        together.wait()
        return call()

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(call_together, range(callers)))


def test_a_record_is_read_as_it_was_accepted(store: JobStore, accepted: Job) -> None:
    assert store.get(accepted.id) == JobRecord.of(
        accepted, units=CHARGE.units, wait=WaitEstimate(WaitKind.UNKNOWN, 0, None)
    )
    assert TOKEN not in repr(store.get(accepted.id))


def test_an_item_has_the_attributes_that_the_table_is_made_for(
    accepted: Job, item: Callable[[Job], dict[str, Any]]
) -> None:
    found = item(accepted)
    created = accepted.created_at.timestamp()
    assert float(found["created_at"]["N"]) == pytest.approx(created)
    assert float(found["expires_at"]["N"]) == pytest.approx(created + 900)
    assert int(found["ttl"]["N"]) == int(created + 7 * 86_400)
    assert found["waiting"]["S"].startswith("waiting#")
    assert "guild_id" not in found


def test_a_job_is_accepted_once_by_repeated_and_concurrent_calls(store: JobStore) -> None:
    new_job = job()
    assert sorted(at_once(8, lambda: store.accept(new_job))) == [False] * 7 + [True]
    assert store.begin(new_job.id) is JobStatus.QUEUED
    assert not store.accept(new_job)
    record = store.get(new_job.id)
    assert record
    assert record.status is JobStatus.DRAWING


def test_a_rejected_job_ends_and_costs_nothing_if_it_is_accepted_afterwards(
    store: JobStore,
    table: str,
    emulator: Emulator,
    item: Callable[[Job], dict[str, Any]],
) -> None:
    new_job = job()
    assert store.reject(new_job, reason="not queued")
    assert not store.accept(new_job, charge=CHARGE)
    record = store.get(new_job.id)
    assert record
    assert record.status is JobStatus.REFUSED
    assert record.details == {"reason": "not queued"}
    assert not {"token", "waiting"} & item(new_job).keys()
    assert new_job.id not in {waiting.id for waiting in store.waiting(1000)}
    guilds = GuildStore(Table(table, client=emulator.client("dynamodb")), audit_days=1)
    _settings, usage, _channel = guilds.settings_and_usage(new_job.user_id, None, datetime.now(UTC))
    assert (usage.used[Quota.USER], usage.in_flight) == (0, frozenset())


def test_a_worker_that_begins_a_job_gets_the_status_before(store: JobStore, accepted: Job) -> None:
    assert store.begin(accepted.id) is JobStatus.QUEUED
    assert store.begin(accepted.id) is JobStatus.DRAWING
    store.finish(accepted.id, JobStatus.CANCELLED)
    assert store.begin(accepted.id) is JobStatus.CANCELLED
    record = store.get(accepted.id)
    assert record
    assert record.status is JobStatus.CANCELLED


def test_of_many_callers_that_end_a_job_at_once_exactly_one_does(store: JobStore) -> None:
    ends = [JobStatus.ANSWERED, JobStatus.CANCELLED, JobStatus.REFUSED, JobStatus.FAILED] * 2
    for _ in range(10):
        new_job = job()
        store.accept(new_job)
        left = SimpleQueue[JobStatus]()
        for status in ends:
            left.put(status)
        (won,) = (
            status
            for status, first in at_once(len(ends), partial(end, store, new_job, left))
            if first
        )
        record = store.get(new_job.id)
        assert record
        assert record.status is won
        assert store.begin(new_job.id) is won


def end(store: JobStore, new_job: Job, ends: SimpleQueue[JobStatus]) -> tuple[JobStatus, bool]:
    """End a job with the next status; returns the status, and whether this call ended the job."""
    status = ends.get()
    return status, store.finish(new_job.id, status)


def test_a_finished_job_has_no_token_and_is_not_in_the_index(
    store: JobStore, accepted: Job, item: Callable[[Job], dict[str, Any]]
) -> None:
    assert store.finish(accepted.id, JobStatus.ANSWERED, pictures=2, text="seed 7")
    record = store.get(accepted.id)
    assert record
    assert record.token is None
    assert record.details == {"pictures": "2", "text": "seed 7"}
    assert not {"token", "waiting"} & item(accepted).keys()
    assert accepted.id not in {record.id for record in store.waiting(1000)}


def test_a_job_to_notify_of_later_keeps_its_token_until_its_user_was_notified(
    store: JobStore, accepted: Job
) -> None:
    store.confirm_notified(accepted.id)
    assert store.withdraw(accepted.id, JobStatus.REFUSED, reason="no capacity", notify_later=True)
    (record,) = (waiting for waiting in store.waiting(1000) if waiting.id == accepted.id)
    assert (record.status, record.token) == (JobStatus.REFUSED, TOKEN)
    store.confirm_notified(accepted.id)
    found = store.get(accepted.id)
    assert found
    assert (found.status, found.token) == (JobStatus.REFUSED, None)
    assert accepted.id not in {record.id for record in store.waiting(1000)}


def test_waiting_jobs_come_oldest_first_whatever_their_shard(store: JobStore) -> None:
    ids = [snowflake(1_600_000_000 + second) for second in range(40)]
    for job_id in reversed(ids):
        store.accept(job(job_id))
    assert [record.id for record in store.waiting(25)] == ids[:25]
    assert {record.token for record in store.waiting(25)} == {TOKEN}
    for job_id in ids:
        store.finish(job_id, JobStatus.FAILED)
    assert not set(ids) & {record.id for record in store.waiting(1000)}


def test_a_record_that_cannot_be_read_hides_no_record_after_it(
    store: JobStore, emulator: Emulator, table: str
) -> None:
    ids = [snowflake(1_450_000_000 + second) for second in range(3)]
    for job_id in ids:
        store.accept(job(job_id))
    emulator.client("dynamodb").update_item(
        TableName=table,
        Key={"id": {"S": f"job#{ids[0]}"}},
        UpdateExpression="SET #parameters = :later",
        ExpressionAttributeNames={"#parameters": "parameters"},
        ExpressionAttributeValues={":later": {"S": '{"later": 1}'}},
    )
    assert [record.id for record in store.waiting(1)] == [ids[1]]
    assert [record.id for record in store.waiting(2)] == ids[1:]
    for job_id in ids:
        store.finish(job_id, JobStatus.FAILED)


def test_the_pages_of_waiting_jobs_are_read_to_the_end(store: JobStore) -> None:
    long = replace(PARAMETERS, prompt="é" * 6000, negative_prompt="ü" * 6000)
    ids = [snowflake(1_500_000_000 + second) for second in range(100)]
    for job_id in ids:
        store.accept(replace(job(job_id), parameters=long))
    assert [record.id for record in store.waiting(100)] == ids
    for job_id in ids:
        store.finish(job_id, JobStatus.FAILED)


def test_a_job_that_a_worker_has_begun_is_not_withdrawn(store: JobStore, accepted: Job) -> None:
    store.begin(accepted.id)
    assert not store.withdraw(accepted.id, JobStatus.REFUSED, reason="too late")
    assert store.finish(accepted.id, JobStatus.ANSWERED)


def test_one_of_many_callers_may_notify_a_user_and_none_before_the_interval_is_over(
    store: JobStore, accepted: Job
) -> None:
    now = datetime.now(UTC)
    wait = WaitEstimate(WaitKind.STARTING, 3, datetime(2026, 1, 2, tzinfo=UTC))
    claims = at_once(
        6, lambda: store.claim_wait_notice(accepted.id, now, every_seconds=60, wait=wait)
    )
    assert sorted(claims) == [False] * 5 + [True]
    later = datetime.fromtimestamp(now.timestamp() + 59, UTC)
    assert not store.claim_wait_notice(accepted.id, later, every_seconds=60)
    record = store.get(accepted.id)
    assert record
    assert (record.wait, record.notified_at) == (wait, now)
    in_time = datetime.fromtimestamp(now.timestamp() + 60, UTC)
    assert store.claim_wait_notice(accepted.id, in_time, every_seconds=60)
    record = store.get(accepted.id)
    assert record
    assert (record.wait, record.notified_at) == (None, in_time)


@pytest.mark.parametrize("ended", [False, True])
def test_no_caller_may_notify_of_a_wait_that_is_over(
    store: JobStore, accepted: Job, ended: bool
) -> None:
    store.begin(accepted.id)
    if ended:
        store.finish(accepted.id, JobStatus.ANSWERED)
    assert not store.claim_wait_notice(accepted.id, datetime.now(UTC))


def test_a_job_that_was_never_accepted_is_unknown(store: JobStore) -> None:
    new_job = job()
    assert store.get(new_job.id) is None
    assert not store.claim_wait_notice(new_job.id, datetime.now(UTC))
    store.confirm_notified(new_job.id)
    for call in (store.begin, lambda job_id: store.finish(job_id, JobStatus.ANSWERED)):
        with pytest.raises(UnknownJobError, match=new_job.id):
            call(new_job.id)


def test_a_job_cannot_be_finished_with_a_status_that_is_not_final(
    store: JobStore, accepted: Job
) -> None:
    with pytest.raises(ValueError, match="drawing"):
        store.finish(accepted.id, JobStatus.DRAWING)


def test_a_record_of_a_later_version_hides_no_other(
    store: JobStore, accepted: Job, emulator: Emulator, table: str
) -> None:
    other = job()
    store.accept(other)
    emulator.client("dynamodb").update_item(
        TableName=table,
        Key={"id": {"S": f"job#{other.id}"}},
        UpdateExpression="SET #parameters = :later",
        ExpressionAttributeNames={"#parameters": "parameters"},
        ExpressionAttributeValues={":later": {"S": '{"dream": true}'}},
    )
    assert accepted.id in {record.id for record in store.waiting(1000)}
    assert store.get(other.id) is None


def test_a_table_that_does_not_answer_is_unavailable_and_its_error_has_no_token(
    table: str, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreUnavailableError) as failure:
        JobStore(Table(table, region="us-east-1")).accept(job())
    assert failure.value.__context__ is None or TOKEN not in repr(failure.value.__context__)
    assert TOKEN not in repr(failure.value)
