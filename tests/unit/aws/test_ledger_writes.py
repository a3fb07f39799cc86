"""The exact items of the ledger, and the exact limits, on moto's DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from discord_diffusion.access.limits import Limits, Usage
from discord_diffusion.aws import ledger
from discord_diffusion.aws.dynamodb import Table, transact
from discord_diffusion.aws.errors import TransactionRefusedError
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.jobs.job import TOKEN_LIFETIME
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.refusal import Refusal
from tests.unit.aws.jobs_table import NOW, PARAMETERS, a_job, items, jobs_table, snowflake

SECONDS = NOW.timestamp()
TTL = SECONDS + 2 * 86_400
OPEN = Limits(0, 0, 0, 1000)
MIDNIGHT = datetime(2026, 1, 3, tzinfo=UTC)


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


def a_record(number: int = 0, **changes: Any) -> JobRecord:
    return JobRecord.of(a_job(number=number, **changes), units=3)


def a_charge(units: int = 3, limits: Limits = OPEN, **changes: Any) -> Charge:
    return Charge(units, limits, audit_days=30, **changes)


def charge(table: Table, record: JobRecord, charge: Charge, now: datetime = NOW) -> Refusal | None:
    """Write a charge; returns the refusal if a limit does not allow it."""
    writes = list(ledger.charge_writes(table, record, charge, now))
    try:
        transact(table, [write for _, write in writes], retry_seconds=1)
    except TransactionRefusedError as error:
        return ledger.refusal(writes[error.index][0], error.item, charge, now)
    return None


def settle(
    table: Table, record: JobRecord, status: JobStatus, refunded: int, now: datetime
) -> None:
    writes = ledger.settlement_writes(table, record, status, refunded, now)
    transact(table, list(writes), retry_seconds=1)


def assert_refused(refusal: Refusal | None, reason: str, **values: object) -> None:
    assert refusal
    assert (refusal.reason, refusal.values) == (reason, values)


def test_a_charge_writes_exactly_these_items(table: Table) -> None:
    record = a_record()
    assert charge(table, record, a_charge(action="vary", click="9#vary")) is None
    assert items(table) == {
        "press#9#vary": {"pressed_at": SECONDS, "ttl": TTL},
        "user#200#77": {"jobs": [record.id], "asked_at": SECONDS, "ttl": TTL},
        "user#200#77#2026-01-02": {"used": 3, "ttl": TTL},
        "guild#200#2026-01-02": {"used": 3, "ttl": TTL},
        f"audit#200#{record.id}": {
            "at": SECONDS,
            "ttl": SECONDS + 30 * 86_400,
            "user_id": "77",
            "guild_id": "200",
            "channel_id": "3000",
            "action": "vary",
            "units": 3,
            "parameters": PARAMETERS.to_json(),
        },
    }


def test_a_charge_outside_a_guild_has_no_item_of_a_guild(table: Table) -> None:
    record = a_record(guild_id=None)
    assert charge(table, record, a_charge()) is None
    found = items(table)
    audit = f"audit#dm#{record.id}"
    assert found.keys() == {"user#dm#77", "user#dm#77#2026-01-02", audit}
    assert found[audit]["action"] == "imagine"
    assert "guild_id" not in found[audit]


def test_a_moment_of_another_time_zone_is_the_same_moment(table: Table) -> None:
    assert (
        charge(table, a_record(), a_charge(), NOW.astimezone(timezone(timedelta(hours=9)))) is None
    )
    assert items(table)["user#200#77"]["ttl"] == TTL


@pytest.mark.parametrize("status", [JobStatus.ANSWERED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_settlement_refunds_units_and_only_a_cancel_is_noted(
    table: Table, status: JobStatus
) -> None:
    first, second = a_record(), a_record(1)
    for record in (first, second):
        charge(table, record, a_charge())
    later = NOW + timedelta(days=1)
    settle(table, first, status, 2, later)
    found = items(table)
    cancelled = {"cancelled_at": later.timestamp()} if status is JobStatus.CANCELLED else {}
    assert found["user#200#77"] == {
        "jobs": [second.id],
        "asked_at": SECONDS,
        "ttl": TTL + 86_400,
        **cancelled,
    }
    # The units are those of the day on which the job was requested.
    assert found["user#200#77#2026-01-02"] == {"used": 4, "ttl": TTL}
    assert found["guild#200#2026-01-02"] == {"used": 4, "ttl": TTL}


def test_a_settlement_without_a_refund_changes_no_units(table: Table) -> None:
    record = a_record()
    charge(table, record, a_charge())
    writes = list(ledger.settlement_writes(table, record, JobStatus.ANSWERED, 0, NOW))
    assert [write["Update"]["Key"] for write in writes] == [{"id": {"S": "user#200#77"}}]


def test_a_refund_outside_a_guild_writes_no_item_of_a_guild(table: Table) -> None:
    record = a_record(guild_id=None)
    charge(table, record, a_charge())
    settle(table, record, JobStatus.FAILED, 3, NOW)
    assert items(table)["user#dm#77#2026-01-02"]["used"] == 0
    assert not [key for key in items(table) if key.startswith("guild#")]


def test_units_are_used_up_to_the_limit_of_the_user_and_no_further(table: Table) -> None:
    limits = replace(OPEN, user_units=6)
    assert charge(table, a_record(), a_charge(3, limits)) is None
    expected = {"units": 4, "limit": 6, "left": 3, "reset": f"<t:{int(MIDNIGHT.timestamp())}:R>"}
    assert_refused(charge(table, a_record(1), a_charge(4, limits)), "quota_user", **expected)
    assert charge(table, a_record(2), a_charge(3, limits)) is None
    assert items(table)["user#200#77#2026-01-02"]["used"] == 6


def test_units_are_used_up_to_the_limit_of_the_guild_and_no_further(table: Table) -> None:
    limits = replace(OPEN, guild_units=6)
    assert charge(table, a_record(), a_charge(3, limits)) is None
    expected = {"units": 4, "limit": 6, "left": 3, "reset": f"<t:{int(MIDNIGHT.timestamp())}:R>"}
    other = a_record(1, user_id="78")
    assert_refused(charge(table, other, a_charge(4, limits)), "quota_guild", **expected)
    assert charge(table, other, a_charge(3, limits)) is None
    assert items(table)["guild#200#2026-01-02"]["used"] == 6


def test_nothing_is_left_of_a_limit_that_was_lowered_below_the_usage() -> None:
    used = {"used": {"N": "9"}}
    refusal = ledger.refusal("day", used, a_charge(1, replace(OPEN, user_units=5)), NOW)
    assert refusal.values["left"] == 0


def test_the_whole_limit_is_left_where_nothing_was_used() -> None:
    refusal = ledger.refusal("day", None, a_charge(9, replace(OPEN, user_units=5)), NOW)
    assert refusal.values["left"] == 5


@pytest.mark.parametrize("guild", ["200", None])
def test_a_job_may_cost_a_whole_day_and_no_more(guild: str | None) -> None:
    record = a_record(guild_id=guild)
    for limits in (OPEN, replace(OPEN, user_units=5, guild_units=5)):
        ledger.check_against_daily_limits(record, a_charge(5, limits), NOW)
    with pytest.raises(Refusal, match="quota_user") as refused:
        ledger.check_against_daily_limits(
            record, a_charge(6, replace(OPEN, user_units=5, guild_units=5)), NOW
        )
    assert refused.value.values["left"] == 5
    assert refused.value.values["reset"] == f"<t:{int(MIDNIGHT.timestamp())}:R>"
    of_guild = a_charge(6, replace(OPEN, guild_units=5))
    if guild is None:
        return ledger.check_against_daily_limits(record, of_guild, NOW)
    with pytest.raises(Refusal, match="quota_guild") as refused:
        ledger.check_against_daily_limits(record, of_guild, NOW)
    assert refused.value.values["units"] == 6
    assert refused.value.values["left"] == 5
    assert refused.value.values["reset"] == f"<t:{int(MIDNIGHT.timestamp())}:R>"
    return None


def test_a_request_is_refused_until_the_cooldown_is_over(table: Table) -> None:
    limits = replace(OPEN, cooldown_seconds=60)
    charge(table, a_record(), a_charge(1, limits))
    again = f"<t:{int(SECONDS) + 61}:R>"
    early = charge(table, a_record(1), a_charge(1, limits), NOW + timedelta(seconds=59))
    assert_refused(early, "cooldown", seconds=60, again=again)
    assert charge(table, a_record(1), a_charge(1, limits), NOW + timedelta(seconds=60)) is None


def test_a_user_has_as_many_jobs_in_flight_as_the_limit_says(table: Table) -> None:
    # The cooldown is over, and the cancel was long ago: neither is the reason.
    limits = replace(OPEN, in_flight=2, cooldown_seconds=60)
    cancelled = a_record()
    charge(table, cancelled, a_charge(1, limits))
    settle(table, cancelled, JobStatus.CANCELLED, 1, NOW)
    for number in (1, 2):
        moment = NOW + timedelta(minutes=number)
        assert charge(table, a_record(number), a_charge(1, limits), moment) is None
    third = charge(table, a_record(3), a_charge(1, limits), NOW + timedelta(minutes=3))
    assert_refused(third, "in_flight", jobs=2)


def test_after_a_cancel_requests_are_refused_for_five_seconds(table: Table) -> None:
    first = a_record()
    charge(table, first, a_charge())
    settle(table, first, JobStatus.CANCELLED, 3, NOW)
    again = f"<t:{int(SECONDS) + 6}:R>"
    early = charge(table, a_record(1), a_charge(), NOW + timedelta(seconds=4.9))
    assert_refused(early, "just_cancelled", again=again)
    assert charge(table, a_record(1), a_charge(), NOW + timedelta(seconds=5)) is None


def test_a_cooldown_that_ends_now_is_not_the_reason_of_a_refusal() -> None:
    item = {"asked_at": {"N": str(SECONDS - 60)}, "cancelled_at": {"N": str(SECONDS - 5)}}
    limits = replace(OPEN, cooldown_seconds=60)
    assert ledger.refusal("user", item, a_charge(1, limits), NOW).reason == "in_flight"


@pytest.mark.parametrize("item", [None, {}])
def test_a_user_without_an_item_has_no_job_in_flight(item: dict[str, Any] | None) -> None:
    # With a clock near the epoch, a default of 0 for a time would not be long ago.
    early = datetime.fromtimestamp(2, UTC)
    refusal = ledger.refusal("user", item, a_charge(1, OPEN), NOW)
    assert_refused(refusal, "in_flight", jobs=0)
    cooling = a_charge(1, replace(OPEN, cooldown_seconds=1))
    assert ledger.refusal("user", item, cooling, NOW).reason == "in_flight"
    assert ledger.expired_jobs(item, early) == []


def test_the_same_click_counts_once_in_ten_seconds(table: Table) -> None:
    clicked = a_charge(1, click="9#vary")
    assert charge(table, a_record(), clicked) is None
    second = charge(table, a_record(1), clicked, NOW + timedelta(seconds=9))
    assert_refused(second, "pressed")
    assert charge(table, a_record(1), clicked, NOW + timedelta(seconds=10)) is None
    assert items(table)["press#9#vary"]["pressed_at"] == SECONDS + 10


def test_a_job_is_expired_two_minutes_after_its_token(table: Table) -> None:
    age = TOKEN_LIFETIME + timedelta(minutes=2)
    new, old = snowflake(NOW - age), snowflake(NOW - age - timedelta(milliseconds=1))
    item = {"jobs": {"SS": [new, old]}}
    assert ledger.expired_jobs(item, NOW) == [old]
    charge(table, a_record(), a_charge())
    table.update_item(
        table.update("user#200#77", "ADD jobs :ids", values={":ids": {"1", "2", "3"}})
    )
    table.update_item(ledger.removal(table, a_record(), ["1", "3"]))
    assert items(table)["user#200#77"]["jobs"] == sorted(["2", a_record().id])


def test_usage_counts_the_units_of_today_and_the_jobs_that_are_not_expired(table: Table) -> None:
    lost = a_record(9, id=snowflake(NOW - timedelta(hours=1)))
    record, other = a_record(), a_record(1, user_id="78")
    for each in (lost, record, other):
        charge(table, each, a_charge())
    assert ledger.usage(table, "77", "200", NOW) == Usage(6, 9, frozenset({record.id}))
    assert ledger.usage(table, "77", "200", NOW + timedelta(minutes=1)) == Usage(
        0, 0, frozenset({record.id})
    )
    assert ledger.usage(table, "77", "201", NOW) == Usage(0, 0, frozenset())
    assert ledger.usage(table, "77", None, NOW) == Usage(0, 0, frozenset())
    assert charge(table, a_record(2, guild_id=None), a_charge(5)) is None
    assert ledger.usage(table, "77", None, NOW) == Usage(5, 0, frozenset({a_record(2).id}))


@pytest.mark.parametrize(("guild", "more"), [(None, []), ("200", ["guild#200#2026-01-02"])])
def test_usage_is_read_consistently_from_these_items(
    table: Table, monkeypatch: pytest.MonkeyPatch, guild: str | None, more: list[str]
) -> None:
    reads: list[tuple[list[str], bool]] = []

    def read(keys: list[str], *, consistent: bool) -> dict[str, Any]:
        reads.append((keys, consistent))
        return {}

    monkeypatch.setattr(table, "batch_get_item", read)
    ledger.usage(table, "77", guild, NOW)
    user = f"user#{guild or 'dm'}#77"
    assert reads == [([user, f"{user}#2026-01-02", *more], True)]
