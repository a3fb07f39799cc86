"""The ledger on the emulator: jobs are charged once, refunded once, never beyond a limit."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from running_emulator import Emulator
from test_job_store import at_once, job, snowflake, store, table

from discord_diffusion.access.limits import Limits, Quota, Usage
from discord_diffusion.aws import ledger
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.units import HUNDREDTHS

__all__ = ["store", "table"]

OPEN = Limits(in_flight=1000)
UsageReader = Callable[[Job], Usage]


def charge(units: int = 1, limits: Limits = OPEN, click: str | None = None) -> Charge:
    return Charge(units * HUNDREDTHS, limits, audit_days=1, click=click)


def units_of(usage: Usage) -> tuple[float, float, int]:
    """Units of the user and the guild, and how many jobs of the user are not finished."""
    used = usage.used
    user, guild = (used.get(one, 0) / HUNDREDTHS for one in (Quota.USER, Quota.GUILD))
    if Quota.MEMBER in used:
        assert used[Quota.MEMBER] == used[Quota.USER], "of one guild"
    assert used[Quota.DEPLOYMENT] >= used[Quota.USER]
    return user, guild, len(usage.in_flight)


def new_job(user: str, guild: str | None = None) -> Job:
    return replace(job(), user_id=user, guild_id=guild)


@pytest.fixture
def user() -> str:
    return str(random.getrandbits(60))


@pytest.fixture
def usage_of(emulator: Emulator, table: str) -> UsageReader:
    """Reads the usage of a job's user and guild."""

    def read(of: Job) -> Usage:
        guilds = GuildStore(Table(table, client=emulator.client("dynamodb")), audit_days=1)
        return guilds.settings_and_usage(of.user_id, of.guild_id, datetime.now(UTC))[1]

    return read


def test_a_job_is_charged_to_its_user_and_its_guild_and_refunded_once(
    store: JobStore, usage_of: UsageReader, user: str
) -> None:
    requested = new_job(user, user)
    assert store.accept(requested, charge=charge(4))
    assert not store.accept(requested, charge=charge(4)), "the same interaction again"
    assert units_of(usage_of(requested)) == (4, 4, 1)
    ended = at_once(8, lambda: store.finish(requested.id, JobStatus.FAILED, reason="x"))
    assert Counter(ended) == {True: 1, False: 7}
    assert units_of(usage_of(requested)) == (0, 0, 0)


def test_an_answered_job_is_charged_without_the_pictures_that_were_held_back(
    store: JobStore, usage_of: UsageReader, user: str
) -> None:
    whole, half = new_job(user), new_job(user)
    for requested in (whole, half):
        assert store.accept(requested, charge=charge(4))
    assert store.finish(whole.id, JobStatus.ANSWERED, charged_pictures=2)
    assert units_of(usage_of(whole))[0] == 8
    assert store.finish(half.id, JobStatus.ANSWERED, charged_pictures=1)
    assert units_of(usage_of(half)) == (6, 0, 0)


@pytest.mark.parametrize(("left", "reason"), [("user", "quota_user"), ("guild", "quota_guild")])
def test_a_quota_is_never_exceeded_and_the_refusal_says_what_is_left(
    store: JobStore, usage_of: UsageReader, user: str, left: str, reason: str
) -> None:
    limits = replace(OPEN, **{f"{left}_units": 10})
    first = new_job(user, user)
    assert store.accept(first, charge=charge(7, limits))
    with pytest.raises(Refusal) as refused:
        store.accept(new_job(user, user), charge=charge(4, limits))
    assert refused.value.reason == reason
    assert (refused.value.values["left"], refused.value.values["limit"]) == (300, 1000)
    with pytest.raises(Refusal) as refused:
        store.accept(new_job("1" + user, "1" + user), charge=charge(11, limits))
    assert refused.value.reason == reason
    assert units_of(usage_of(first)) == (7, 7, 1)


def test_fifty_requests_at_once_with_a_quota_of_ten_admit_exactly_ten(
    store: JobStore, usage_of: UsageReader, user: str
) -> None:
    jobs = [new_job(user, user) for _ in range(50)]

    def accept(requested: Job) -> str:
        try:
            return str(store.accept(requested, charge=charge(1, replace(OPEN, user_units=10))))
        except Refusal as refused:
            return refused.reason

    with ThreadPoolExecutor(50) as pool:
        assert Counter(pool.map(accept, jobs)) == {"True": 10, "quota_user": 40}
    assert units_of(usage_of(jobs[0])) == (10, 10, 10)


def test_a_request_within_the_cooldown_is_refused(store: JobStore, user: str) -> None:
    limits = replace(OPEN, cooldown_seconds=60)
    assert store.accept(new_job(user), charge=charge(1, limits))
    with pytest.raises(Refusal) as refused:
        store.accept(new_job(user), charge=charge(1, limits))
    assert refused.value.reason == "cooldown"
    assert str(refused.value.values["again"]).startswith("<t:")


def test_a_cancelled_job_is_refunded_and_the_next_request_is_refused_for_a_moment(
    store: JobStore, usage_of: UsageReader, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = new_job(user), new_job("1" + user)
    for requested in (first, other):
        assert store.accept(requested, charge=charge())
    assert store.finish(other.id, JobStatus.FAILED)
    assert store.accept(new_job(other.user_id), charge=charge()), (
        "a failure does not delay the next request"
    )
    assert store.withdraw(first.id, JobStatus.CANCELLED, reason="x")
    assert units_of(usage_of(first)) == (0, 0, 0)
    with pytest.raises(Refusal) as refused:
        store.accept(new_job(user), charge=charge())
    assert refused.value.reason == "just_cancelled"
    assert str(refused.value.values["again"]).startswith("<t:")
    monkeypatch.setattr(ledger, "PAUSE_AFTER_CANCEL_SECONDS", 0)
    assert store.accept(new_job(user), charge=charge())


def test_the_limit_of_jobs_in_flight_does_not_count_expired_ones(
    store: JobStore, usage_of: UsageReader, user: str
) -> None:
    limits = replace(OPEN, in_flight=2)
    long_ago = (datetime.now(UTC) - timedelta(minutes=30)).timestamp()
    lost = replace(job(snowflake(long_ago)), user_id=user)
    known = [lost, new_job(user)]
    for requested in known:
        assert store.accept(requested, charge=charge(1, limits))
    assert store.accept(new_job(user), charge=charge(1, limits)), "the expired one does not count"
    with pytest.raises(Refusal) as refused:
        store.accept(new_job(user), charge=charge(1, limits))
    assert refused.value.reason == "in_flight"
    assert refused.value.values == {"jobs": 2}
    assert store.finish(known[1].id, JobStatus.ANSWERED)
    assert store.accept(new_job(user), charge=charge(1, limits))
    assert len(usage_of(lost).in_flight) == 2


def test_clicks_on_the_same_button_at_once_make_one_job(
    store: JobStore, usage_of: UsageReader, user: str
) -> None:
    jobs = [new_job(user) for _ in range(6)]

    def click(requested: Job) -> str:
        try:
            return str(store.accept(requested, charge=charge(1, click=f"{user}#vary:1:0")))
        except Refusal as refused:
            return refused.reason

    with ThreadPoolExecutor(6) as pool:
        assert Counter(pool.map(click, jobs)) == {"True": 1, "pressed": 5}
    assert units_of(usage_of(jobs[0]))[0] == 1


def test_the_audit_record_says_who_what_and_when_and_holds_no_token(
    store: JobStore, emulator: Emulator, table: str, user: str
) -> None:
    requested = new_job(user, user)
    assert store.accept(requested, charge=charge(3))
    found: dict[str, Any] = emulator.client("dynamodb").get_item(
        TableName=table, Key={"id": {"S": f"audit#{user}#{requested.id}"}}
    )["Item"]
    assert found["user_id"] == {"S": user}
    assert found["action"] == {"S": "imagine"}
    assert "red" in found["parameters"]["S"]
    assert 0 < float(found["ttl"]["N"]) - float(found["at"]["N"]) <= 86_400
    assert requested.token not in str(found)


def test_after_many_concurrent_changes_exactly_the_answered_jobs_are_charged(
    store: JobStore, usage_of: UsageReader, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many threads accept, end and withdraw the same jobs, each several times."""
    # Negative, since another thread may cancel a job after this thread has read the clock.
    monkeypatch.setattr(ledger, "PAUSE_AFTER_CANCEL_SECONDS", -60)
    jobs = [new_job(user, user) for _ in range(24)]
    ends = (JobStatus.ANSWERED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.REFUSED)

    def act(number: int) -> None:
        requested = jobs[number % len(jobs)]
        store.accept(requested, charge=charge(3))
        if number % 2:
            store.withdraw(requested.id, JobStatus.CANCELLED, reason="x")
        store.finish(requested.id, ends[number % 4])

    numbers = list(range(4 * len(jobs)))
    random.Random(5).shuffle(numbers)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(act, numbers))
    records = [store.get(each.id) for each in jobs]
    paid = sum(3 for record in records if record and record.status is JobStatus.ANSWERED)
    assert all(record and record.status.finished for record in records)
    assert units_of(usage_of(jobs[0])) == (paid, paid, 0)


def test_requests_at_once_in_several_guilds_share_the_quotas_of_user_and_deployment(
    store: JobStore, usage_of: UsageReader, user: str
) -> None:
    """One user in four guilds and in direct messages, and others: the sum is exact."""
    guilds = [None, *(f"{number}{user}" for number in range(1, 5))]
    jobs = [new_job(user, guild) for guild in guilds for _ in range(6)]
    before = usage_of(jobs[0]).used[Quota.DEPLOYMENT]

    def accept(requested: Job) -> str:
        try:
            return str(store.accept(requested, charge=charge(1, replace(OPEN, user_units=10))))
        except Refusal as refused:
            return refused.reason

    with ThreadPoolExecutor(30) as pool:
        assert Counter(pool.map(accept, jobs)) == {"True": 10, "quota_user": 20}
    in_guilds = [usage_of(new_job(user, guild)).used for guild in guilds[1:]]
    assert {used[Quota.USER] for used in in_guilds} == {1000}
    members = sum(used[Quota.MEMBER] for used in in_guilds)
    assert members == sum(used[Quota.GUILD] for used in in_guilds) <= 600 * 4
    assert in_guilds[0][Quota.DEPLOYMENT] == before + 1000
    # The deployment's own limit holds for everybody, to the hundredth.
    limits = replace(OPEN, deployment_units=before // HUNDREDTHS + 12)
    others = [new_job(f"{number}{user}") for number in range(1, 6)]
    outcomes = []
    for requested in others:
        try:
            outcomes.append(str(store.accept(requested, charge=charge(1, limits))))
        except Refusal as refused:
            outcomes.append(refused.reason)
    assert outcomes[-1] == "quota_deployment"
    assert outcomes.count("True") == 2
