"""The exact items of job records, and who may change them, on moto's DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from discord_diffusion.access.limits import Limits
from discord_diffusion.aws import job_items, job_store
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.errors import StoreError, UnknownJobError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind
from discord_diffusion.jobs.refusal import Refusal
from tests.unit.aws.jobs_table import (
    NOW,
    PARAMETERS,
    a_job,
    items,
    jobs_table,
    usage,
    used_in_guild,
)

OPEN = Limits(in_flight=1000)
CHARGE = Charge(400, OPEN, audit_days=1)
WAIT = WaitEstimate(WaitKind.TURN, 2, NOW + timedelta(seconds=30))
JOB = a_job()
KEY = f"job#{JOB.id}"
LATER = NOW + timedelta(seconds=20)


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


@pytest.fixture
def store(table: Table, monkeypatch: pytest.MonkeyPatch) -> JobStore:
    """The store, 20 seconds after the interaction."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return LATER.astimezone(tz) if tz else LATER.replace(tzinfo=None)

    monkeypatch.setattr(job_store, "datetime", Clock)
    monkeypatch.setattr(job_store.time, "time", lambda: LATER.timestamp() + 0.4)
    return JobStore(table, retry_seconds=0)


def test_an_accepted_job_has_exactly_this_item(store: JobStore, table: Table) -> None:
    assert store.accept(JOB, wait=WAIT)
    found = items(table)
    assert found.keys() == {KEY}
    assert found[KEY].pop("waiting").startswith("waiting#")
    created = NOW.timestamp()
    assert found[KEY] == {
        "status": "queued",
        "application_id": "1000",
        "user_id": "77",
        "locale": "de",
        "private": False,
        "spoiler": False,
        "guild_id": "200",
        "channel_id": "3000",
        "token": "the-interaction-token",
        "parameters": PARAMETERS.to_json(),
        "units": 0,
        "attachment_size_limit": 10 * 1024 * 1024,
        "nsfw": False,
        "safety_check": True,
        "confirmed": False,
        "wait": {"kind": "turn", "ahead": 2, "due": created + 30},
        "created_at": created,
        "expires_at": created + 900,
        "ttl": created + 7 * 86_400,
    }
    assert not store.accept(JOB)


def test_a_charged_job_is_written_with_its_charge_and_only_once(
    store: JobStore, table: Table
) -> None:
    assert store.accept(JOB, charge=CHARGE, wait=WAIT)
    assert not store.accept(JOB, charge=CHARGE)
    assert store.get(JOB.id) == JobRecord.of(JOB, units=400, wait=WAIT)
    assert usage(table) == used_in_guild(400, 400, 400, 400, JOB.id)
    assert items(table)["user#77"]["asked_at"] == LATER.timestamp()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(OPEN, user_units=7), "quota_user"),
        (replace(OPEN, member_units=7), "quota_member"),
        (replace(OPEN, deployment_units=7), "quota_deployment"),
        (replace(OPEN, guild_units=7), "quota_guild"),
        (replace(OPEN, in_flight=1), "in_flight"),
        (replace(OPEN, cooldown_seconds=60), "cooldown"),
    ],
)
def test_a_job_over_a_limit_is_refused_and_writes_nothing(
    store: JobStore, table: Table, limits: Limits, reason: str
) -> None:
    store.accept(a_job(number=1), charge=CHARGE)
    before = items(table)
    with pytest.raises(Refusal) as refused:
        store.accept(JOB, charge=Charge(400, limits, audit_days=1))
    assert refused.value.reason == reason
    assert items(table) == before


def test_a_job_that_costs_more_than_a_day_is_refused_until_the_next_one(
    store: JobStore, table: Table
) -> None:
    with pytest.raises(Refusal, match="quota_user") as refused:
        store.accept(JOB, charge=Charge(800, replace(OPEN, user_units=7), audit_days=1))
    midnight = int((NOW + timedelta(seconds=30)).timestamp())
    assert refused.value.values == {
        "units": 800, "limit": 700, "left": 700, "reset": f"<t:{midnight}:R>",
    }  # fmt: skip
    assert items(table) == {}


def test_a_record_keeps_the_guild_in_which_the_application_is_a_guest(store: JobStore) -> None:
    job = replace(JOB, guild_id=None)
    store.accept(job, charge=replace(CHARGE, visited_guild_id="300"))
    assert store.get(job.id) == JobRecord.of(job, units=400, visited_guild_id="300")


def test_a_refusal_is_computed_from_the_item_and_the_time(store: JobStore) -> None:
    limits = replace(OPEN, user_units=10, cooldown_seconds=60)
    store.accept(a_job(number=1), charge=CHARGE)
    with pytest.raises(Refusal) as refused:
        store.accept(JOB, charge=Charge(400, limits, audit_days=1))
    assert refused.value.values["again"] == f"<t:{int(LATER.timestamp()) + 61}:R>"
    with pytest.raises(Refusal) as refused:
        store.accept(JOB, charge=Charge(700, replace(limits, cooldown_seconds=0), audit_days=1))
    assert refused.value.values["left"] == 600


def test_expired_jobs_make_room_for_a_new_one(store: JobStore, table: Table) -> None:
    charge = Charge(100, replace(OPEN, in_flight=1), audit_days=1)
    lost = a_job(NOW - timedelta(hours=1))
    assert store.accept(lost, charge=charge)
    assert store.accept(JOB, charge=charge)
    assert items(table)["user#77"]["jobs"] == [JOB.id]
    with pytest.raises(Refusal, match="in_flight"):
        store.accept(a_job(number=1), charge=charge)


def test_an_expired_job_does_not_lift_another_limit(store: JobStore, table: Table) -> None:
    lost = a_job(NOW - timedelta(hours=1))
    store.accept(lost, charge=CHARGE)
    # The day of both is the same.
    with pytest.raises(Refusal, match="quota_user"):
        store.accept(JOB, charge=Charge(400, replace(OPEN, user_units=7), audit_days=1))
    assert items(table)["user#77"]["jobs"] == [lost.id]


def test_a_click_after_its_job_has_ended_makes_room_of_expired_jobs(
    store: JobStore, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge = Charge(100, replace(OPEN, in_flight=1), audit_days=1, click="9#reroll")
    first = a_job(number=1)
    assert store.accept(first, charge=charge)
    store.finish(first.id, JobStatus.ANSWERED)
    lost = a_job(NOW - timedelta(hours=1))
    assert store.accept(lost, charge=replace(charge, click=None))
    tries: list[Any] = []
    transact = job_store.transact

    def count(*arguments: Any) -> None:
        tries.append(arguments)
        transact(*arguments)

    monkeypatch.setattr(job_store, "transact", count)
    assert store.accept(JOB, charge=charge)
    found = items(table)
    assert (found["user#77"]["jobs"], found["press#9#reroll"]["job"]) == ([JOB.id], JOB.id)
    # One is refused for the click, one for the lost job, while Discord waits for the answer.
    assert len(tries) == 3


def test_a_conflict_that_lasts_is_retried_for_as_long_as_the_store_is_told(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def transact(_table: Table, writes: list[Any], retry_seconds: float) -> None:
        waited.append(retry_seconds)

    monkeypatch.setattr(job_store, "transact", transact)
    JobStore(table, retry_seconds=0.25).accept(JOB, charge=CHARGE)
    JobStore(table).accept(JOB, charge=CHARGE)
    assert waited == [0.25, job_store.CONFLICT_RETRY_SECONDS]
    table.put_item(table.put(job_items.item(JobRecord.of(JOB, units=400))))
    JobStore(table, retry_seconds=0.5).finish(JOB.id, JobStatus.FAILED)
    assert waited[2:] == [0.5]


def test_a_job_that_is_rejected_first_is_never_accepted(store: JobStore, table: Table) -> None:
    assert store.reject(JOB, reason="not queued")
    found = items(table)[KEY]
    assert (found["status"], found["details"]) == ("refused", {"reason": "not queued"})
    assert not {"token", "waiting"} & found.keys()
    assert not store.accept(JOB, charge=CHARGE)
    assert usage(table) == used_in_guild(0, 0, 0, 0)


def test_a_job_that_was_accepted_is_not_rejected(store: JobStore, table: Table) -> None:
    store.accept(JOB, charge=CHARGE)
    before = items(table)
    assert not store.reject(JOB, reason="not queued")
    assert items(table) == before


def test_a_record_keeps_the_whole_job(store: JobStore) -> None:
    trace = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    job = replace(JOB, attachment_size_limit=5, nsfw=True, safety_check=False, traceparent=trace)
    store.accept(job)
    record = store.get(job.id)
    assert record
    assert record.job() == job
    store.finish(job.id, JobStatus.ANSWERED)
    ended = store.get(job.id)
    assert ended
    assert ended.job() is None


@pytest.mark.parametrize("wait", [None, WAIT, replace(WAIT, due=None)])
def test_a_record_keeps_the_wait_that_its_user_is_shown(
    store: JobStore, wait: WaitEstimate | None
) -> None:
    store.accept(JOB, wait=wait)
    assert store.get(JOB.id) == JobRecord.of(JOB, wait=wait)


def test_a_record_of_an_earlier_version_is_read_with_what_a_job_has_by_default(
    store: JobStore, table: Table
) -> None:
    item = job_items.item(JobRecord.of(JOB))
    for name in ("attachment_size_limit", "nsfw", "safety_check", "confirmed", "wait"):
        del item[name]
    table.put_item(table.put(item))
    assert store.get(JOB.id) == JobRecord.of(JOB)


def test_only_a_queued_job_is_confirmed(store: JobStore, table: Table) -> None:
    store.accept(JOB)
    store.confirm_queued(JOB.id)
    assert items(table)[KEY]["confirmed"] is True
    other = a_job(number=1)
    store.accept(other)
    store.finish(other.id, JobStatus.ANSWERED)
    store.confirm_queued(other.id)
    assert items(table)[job_items.key(other.id)]["confirmed"] is False


def test_beginning_a_job_returns_the_status_before(store: JobStore, table: Table) -> None:
    store.accept(JOB)
    assert store.begin(JOB.id) is JobStatus.QUEUED
    found = items(table)[KEY]
    assert (found["status"], found["begun_at"]) == ("drawing", int(LATER.timestamp()))
    assert store.begin(JOB.id) is JobStatus.DRAWING
    assert store.finish(JOB.id, JobStatus.ANSWERED)
    assert store.begin(JOB.id) is JobStatus.ANSWERED
    assert items(table)[KEY]["status"] == "answered"


def test_a_finished_job_keeps_its_details_and_loses_its_token(
    store: JobStore, table: Table
) -> None:
    store.accept(JOB, charge=CHARGE)
    assert store.finish(JOB.id, JobStatus.ANSWERED, pictures=4, seconds=1.5)
    found = items(table)[KEY]
    assert (found["status"], found["finished_at"]) == ("answered", int(LATER.timestamp()))
    assert found["details"] == {"pictures": "4", "seconds": "1.5"}
    record = store.get(JOB.id)
    assert record
    assert record.details == found["details"]
    assert not {"token", "waiting"} & found.keys()
    assert usage(table) == used_in_guild(400, 400, 400, 400)
    assert not store.finish(JOB.id, JobStatus.FAILED)
    assert items(table)[KEY] == found


@pytest.mark.parametrize(
    ("status", "history"),
    [(JobStatus.ANSWERED, "77"), (JobStatus.FAILED, None), (JobStatus.CANCELLED, None)],
)
def test_only_answered_jobs_are_in_their_users_history(
    store: JobStore, table: Table, status: JobStatus, history: str | None
) -> None:
    store.accept(JOB, charge=CHARGE)
    store.finish(JOB.id, status)
    assert items(table)[KEY].get("history") == history


@pytest.mark.parametrize(
    ("details", "held_back"), [({"filtered": 2}, 2), ({"filtered": 0}, None), ({}, None)]
)
def test_a_guild_counts_the_pictures_that_the_safety_filter_held_back(
    store: JobStore, table: Table, details: dict[str, float], held_back: int | None
) -> None:
    store.accept(JOB, charge=CHARGE)
    store.finish(JOB.id, JobStatus.ANSWERED, **details)
    assert items(table)["guild#200#2026-01-02"].get("held_back") == held_back


@pytest.mark.parametrize("units", [0, 400])
def test_a_job_without_a_charge_ends_just_so(store: JobStore, table: Table, units: int) -> None:
    store.accept(JOB, charge=replace(CHARGE, units=units) if units else None)
    store.begin(JOB.id)
    assert store.finish(JOB.id, JobStatus.FAILED, reason="x")
    assert not store.finish(JOB.id, JobStatus.FAILED, reason="y")
    assert items(table)[KEY]["details"] == {"reason": "x"}
    assert usage(table) == used_in_guild(0, 0, 0, 0)
    assert ("user#77" in items(table)) == bool(units)


@pytest.mark.parametrize(
    ("status", "details", "used"),
    [
        (JobStatus.ANSWERED, {}, 400),
        (JobStatus.ANSWERED, {"charged_pictures": 1}, 100),
        (JobStatus.ANSWERED, {"charged_pictures": 0}, 0),
        (JobStatus.FAILED, {"charged_pictures": 4}, 0),
        (JobStatus.CANCELLED, {}, 0),
        (JobStatus.CANCELLED, {"charged_pictures": 2}, 200),
    ],
)
def test_the_pictures_that_a_user_did_not_get_are_refunded(
    store: JobStore, table: Table, status: JobStatus, details: dict[str, float], used: int
) -> None:
    store.accept(JOB, charge=CHARGE)
    store.finish(JOB.id, status, **details)
    assert usage(table) == used_in_guild(used, used, used, used)
    cancelled_at = items(table)["user#77"].get("cancelled_at")
    assert cancelled_at == (LATER.timestamp() if status is JobStatus.CANCELLED else None)


def test_only_a_final_status_ends_a_job(store: JobStore) -> None:
    store.accept(JOB)
    for status in (JobStatus.QUEUED, JobStatus.DRAWING):
        with pytest.raises(ValueError, match=f"^{status} is not a final status$"):
            store.finish(JOB.id, status)


@pytest.mark.parametrize("notify_later", [False, True])
def test_a_withdrawn_job_keeps_its_token_only_to_notify_its_user(
    store: JobStore, table: Table, notify_later: bool
) -> None:
    store.accept(JOB, charge=CHARGE)
    assert store.withdraw(JOB.id, JobStatus.REFUSED, reason="late", notify_later=notify_later)
    found = items(table)[KEY]
    assert (found["status"], found["details"]) == ("refused", {"reason": "late"})
    assert ({"token", "waiting"} <= found.keys()) == notify_later
    assert usage(table) == used_in_guild(0, 0, 0, 0)
    store.confirm_notified(JOB.id)
    assert not {"token", "waiting"} & items(table)[KEY].keys()


def test_a_withdrawn_job_is_not_to_be_notified_of_unless_that_is_asked_for(
    store: JobStore, table: Table
) -> None:
    store.accept(JOB)
    assert store.withdraw(JOB.id, JobStatus.CANCELLED, reason="x")
    assert "token" not in items(table)[KEY]


def test_a_job_that_a_worker_has_begun_is_not_withdrawn(store: JobStore, table: Table) -> None:
    store.accept(JOB, charge=CHARGE)
    store.begin(JOB.id)
    assert not store.withdraw(JOB.id, JobStatus.REFUSED, reason="late")
    assert items(table)[KEY]["status"] == "drawing"
    assert usage(table) == used_in_guild(400, 400, 400, 400, JOB.id)


def test_only_a_job_that_is_drawn_is_told_to_stop(store: JobStore, table: Table) -> None:
    other = a_job(number=1)
    for job in (JOB, other):
        store.accept(job)
    assert not store.order_stop(JOB.id), "no worker draws it"
    assert not store.has_stop_order(JOB.id)
    for job in (JOB, other):
        store.begin(job.id)
    assert store.order_stop(JOB.id)
    assert items(table)[KEY]["stopped"] is True
    assert store.has_stop_order(JOB.id)
    assert not store.has_stop_order(other.id)
    store.finish(other.id, JobStatus.ANSWERED)
    assert not store.order_stop(other.id), "no worker draws it any more"
    assert not store.order_stop("9"), "there is no such job"
    assert not store.has_stop_order("9")


def test_the_token_of_an_unfinished_job_stays(store: JobStore, table: Table) -> None:
    store.accept(JOB)
    for _ in range(2):
        store.confirm_notified(JOB.id)
        assert items(table)[KEY]["token"] == "the-interaction-token"
        store.begin(JOB.id)


def test_nothing_is_written_for_a_job_that_was_never_accepted(
    store: JobStore, table: Table
) -> None:
    store.confirm_notified(JOB.id)
    assert not store.claim_wait_notice(JOB.id, NOW)
    assert store.get(JOB.id) is None
    for call in (store.begin, lambda job_id: store.finish(job_id, JobStatus.ANSWERED)):
        with pytest.raises(UnknownJobError, match=JOB.id):
            call(JOB.id)
    assert items(table) == {}


def test_a_user_is_notified_of_the_wait_once_in_an_interval(store: JobStore, table: Table) -> None:
    store.accept(JOB, wait=WAIT)
    assert store.claim_wait_notice(JOB.id, NOW, every_seconds=60, wait=WAIT)
    found = items(table)[KEY]
    assert found["told_at"] == NOW.timestamp()
    assert found["wait"] == {"kind": "turn", "ahead": 2, "due": NOW.timestamp() + 30}
    assert store.get(JOB.id) == replace(JobRecord.of(JOB, wait=WAIT), notified_at=NOW)
    early = NOW + timedelta(seconds=59)
    assert not store.claim_wait_notice(JOB.id, early, every_seconds=60)
    assert items(table)[KEY] == found
    in_time = NOW + timedelta(seconds=60)
    assert store.claim_wait_notice(JOB.id, in_time, every_seconds=60)
    assert store.claim_wait_notice(JOB.id, in_time), "without an interval at any time"
    store.begin(JOB.id)
    assert not store.claim_wait_notice(JOB.id, in_time)


def test_waiting_jobs_come_oldest_first_from_all_shards(store: JobStore, table: Table) -> None:
    jobs = [a_job(NOW + timedelta(seconds=second)) for second in range(40)]
    for job in reversed(jobs):
        store.accept(job)
    assert len({item["waiting"] for item in items(table).values()}) == job_items.SHARDS
    ids = [job.id for job in jobs]
    assert [record.id for record in store.waiting(100)] == ids
    assert [record.id for record in store.waiting(7)] == ids[:7]
    store.finish(ids[0], JobStatus.FAILED)
    assert [record.id for record in store.waiting(2)] == ids[1:3]


def test_all_pages_of_a_shard_are_read_and_no_more_than_needed(
    store: JobStore, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_items, "SHARDS", 1)
    jobs = [a_job(NOW + timedelta(seconds=second)) for second in range(5)]
    for job in jobs:
        store.accept(job)
    table.update_item(
        table.update(f"job#{jobs[0].id}", "SET #parameters = :later", values={":later": "{}"})
    )
    pages: list[dict[str, Any]] = []
    query = table.client.query

    def count(**arguments: Any) -> Any:
        pages.append(arguments)
        return query(**arguments)

    monkeypatch.setattr(table.client, "query", count)
    assert [record.id for record in store.waiting(2)] == [job.id for job in jobs[1:3]]
    assert [page["Limit"] for page in pages] == [2, 2]
    pages.clear()
    assert [record.id for record in store.waiting(1)] == [jobs[1].id]
    assert len(pages) == 2
    pages.clear()
    assert [record.id for record in store.waiting(4)] == [job.id for job in jobs[1:]]
    assert len(pages) == 2


def test_an_error_of_a_query_is_an_error_of_the_store(
    store: JobStore, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Query")

    monkeypatch.setattr(table.client, "query", refuse)
    with pytest.raises(StoreError, match="AccessDeniedException"):
        store.waiting(1)


def test_another_delivery_of_a_cancel_gets_the_jobs_of_the_first(
    store: JobStore, table: Table
) -> None:
    assert store.jobs_to_cancel("900", {"1", "2"}) == {"1", "2"}
    kept = {"jobs": ["1", "2"], "ttl": LATER.timestamp() + 3600}
    assert items(table) == {"cancel#900": kept}
    assert store.jobs_to_cancel("900", frozenset()) == {"1", "2"}
    assert store.jobs_to_cancel("900", {"3"}) == {"1", "2"}
    assert store.jobs_to_cancel("901", frozenset()) == frozenset()
    assert store.jobs_to_cancel("901", {"3"}) == {"3"}
