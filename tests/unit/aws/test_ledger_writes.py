"""The exact items of the ledger, and the exact limits, on moto's DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from discord_diffusion.access.limits import Limits, Quota, Usage
from discord_diffusion.aws import ledger
from discord_diffusion.aws.dynamodb import Table, transact
from discord_diffusion.aws.errors import TransactionRefusedError
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.jobs.job import TOKEN_LIFETIME
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.units import UNUSABLE_SOURCE
from tests.unit.aws.jobs_table import (
    NOW,
    PARAMETERS,
    a_job,
    items,
    jobs_table,
    snowflake,
    usage,
    used_in_guild,
)

SECONDS = NOW.timestamp()
TTL = SECONDS + 2 * 86_400
WEEK_TTL = SECONDS + 8 * 86_400
"""A guild's counts are kept for its summary."""
OPEN = Limits(in_flight=1000)
MIDNIGHT = datetime(2026, 1, 3, tzinfo=UTC)


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


def a_record(number: int = 0, **changes: Any) -> JobRecord:
    return JobRecord.of(a_job(number=number, **changes), units=300)


def a_charge(units: float = 3, limits: Limits = OPEN, **changes: Any) -> Charge:
    return Charge(round(100 * units), limits, audit_days=30, **changes)


def charge(table: Table, record: JobRecord, charge: Charge, now: datetime = NOW) -> Refusal | None:
    """Write a charge; returns the refusal if a limit does not allow it."""
    writes = list(ledger.charge_writes(table, record, charge, now))
    try:
        transact(table, [write for _, write in writes], retry_seconds=1)
    except TransactionRefusedError as error:
        return ledger.refusal(writes[error.index][0], record, error.item, charge, now)
    return None


def settle(
    table: Table,
    record: JobRecord,
    status: JobStatus,
    refunded: int,
    now: datetime,
    *,
    held_back: int = 0,
) -> None:
    writes = ledger.settlement_writes(table, record, status, refunded, now, held_back=held_back)
    transact(table, list(writes), retry_seconds=1)


def assert_refused(refusal: Refusal | None, reason: str, **values: object) -> None:
    assert refusal
    assert (refusal.reason, refusal.values) == (reason, values)


def test_a_charge_writes_exactly_these_items(table: Table) -> None:
    record = a_record()
    assert charge(table, record, a_charge(action="vary", click="9#vary")) is None
    assert items(table) == {
        "press#9#vary": {"pressed_at": SECONDS, "job": record.id, "ttl": TTL},
        "user#77": {"jobs": [record.id], "asked_at": SECONDS, "ttl": TTL},
        "user#77#2026-01-02": {"used": 300, "guild_200": 300, "ttl": TTL},
        "guild#200#2026-01-02": {"used": 300, "requests": 1, "pictures": 4, "ttl": WEEK_TTL},
        "deployment#2026-01-02": {"used": 300, "ttl": TTL},
        f"audit#200#{record.id}": {
            "at": SECONDS,
            "ttl": SECONDS + 30 * 86_400,
            "user_id": "77",
            "guild_id": "200",
            "channel_id": "3000",
            "action": "vary",
            "units": 300,
            "parameters": PARAMETERS.to_json(),
        },
    }


def test_a_charge_outside_a_guild_has_no_item_of_a_guild(table: Table) -> None:
    record = a_record(guild_id=None)
    assert charge(table, record, a_charge()) is None
    found = items(table)
    audit = f"audit#dm#{record.id}"
    assert found.keys() == {"user#77", "user#77#2026-01-02", "deployment#2026-01-02", audit}
    assert found["user#77#2026-01-02"] == {"used": 300, "ttl": TTL}
    assert found[audit]["action"] == "imagine"
    assert "guild_id" not in found[audit]


def test_a_moment_of_another_time_zone_is_the_same_moment(table: Table) -> None:
    assert (
        charge(table, a_record(), a_charge(), NOW.astimezone(timezone(timedelta(hours=9)))) is None
    )
    assert items(table)["user#77"]["ttl"] == TTL


@pytest.mark.parametrize("status", [JobStatus.ANSWERED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_settlement_refunds_units_and_only_a_cancel_is_noted(
    table: Table, status: JobStatus
) -> None:
    first, second = a_record(), a_record(1)
    for record in (first, second):
        charge(table, record, a_charge())
    later = NOW + timedelta(days=1)
    settle(table, first, status, 200, later)
    found = items(table)
    cancelled = {"cancelled_at": later.timestamp()} if status is JobStatus.CANCELLED else {}
    assert found["user#77"] == {
        "jobs": [second.id],
        "asked_at": SECONDS,
        "ttl": TTL + 86_400,
        **cancelled,
    }
    # The units are those of the day on which the job was requested.
    assert found["user#77#2026-01-02"] == {"used": 400, "guild_200": 400, "ttl": TTL}
    counts = {"used": 400, "requests": 2, "pictures": 8, "ttl": WEEK_TTL}
    assert found["guild#200#2026-01-02"] == counts
    assert found["deployment#2026-01-02"] == {"used": 400, "ttl": TTL}


def test_a_settlement_without_a_refund_changes_no_units(table: Table) -> None:
    record = a_record()
    charge(table, record, a_charge())
    writes = list(ledger.settlement_writes(table, record, JobStatus.ANSWERED, 0, NOW))
    assert [write["Update"]["Key"] for write in writes] == [{"id": {"S": "user#77"}}]


@pytest.mark.parametrize(("refunded", "held_back"), [(0, 3), (75, 1)])
def test_pictures_that_the_filter_held_back_are_counted_in_the_guild_alone(
    table: Table, refunded: int, held_back: int
) -> None:
    record = a_record()
    charge(table, record, a_charge())
    settle(table, record, JobStatus.ANSWERED, refunded, NOW, held_back=held_back)
    found = items(table)
    used = 300 - refunded
    assert found["user#77#2026-01-02"] == {"used": used, "guild_200": used, "ttl": TTL}
    counts = {"requests": 1, "pictures": 4, "held_back": held_back, "ttl": WEEK_TTL}
    assert found["guild#200#2026-01-02"] == {"used": used, **counts}
    assert found["deployment#2026-01-02"] == {"used": used, "ttl": TTL}


def test_requests_that_are_refused_for_their_words_are_counted_by_guild_and_day(
    table: Table,
) -> None:
    later = NOW + timedelta(seconds=29)
    for guild, now in (("200", NOW), ("201", NOW), ("200", later), ("200", MIDNIGHT)):
        table.update_item(ledger.one_refused(table, guild, now))
    assert items(table) == {
        "guild#200#2026-01-02": {"refused": 2, "ttl": WEEK_TTL + 29},
        "guild#201#2026-01-02": {"refused": 1, "ttl": WEEK_TTL},
        "guild#200#2026-01-03": {"refused": 1, "ttl": WEEK_TTL + 30},
    }


@pytest.mark.parametrize(
    ("used", "seen", "kept", "becomes"),
    [
        (300, 300, 100, 100),
        (300, 300, 0, 0),
        # Another job was counted, or units were refunded, since the usage was shown.
        (300, 200, 0, 300),
        (300, 0, 0, 300),
        # Nothing was used in this guild today.
        (None, 0, 500, 500),
        (None, 300, 0, None),
    ],
)
def test_the_usage_of_a_member_is_set_if_it_is_still_what_was_seen(
    table: Table, used: int | None, seen: int, kept: int, becomes: int | None
) -> None:
    # What the user has used in all guilds stays as it is.
    charge(table, a_record(guild_id="201"), a_charge())
    if used:
        charge(table, a_record(1), a_charge(used / 100))
    before = items(table)
    later = NOW + timedelta(seconds=10)
    is_set = GuildStore(table, audit_days=1).reset_usage("77", "200", later, seen=seen, kept=kept)
    assert is_set == (becomes != used)
    of_user = before["user#77#2026-01-02"]
    changes = {"guild_200": becomes, "ttl": TTL + 10} if is_set else {}
    assert items(table) == {**before, "user#77#2026-01-02": {**of_user, **changes}}


def test_a_refund_outside_a_guild_writes_no_item_of_a_guild(table: Table) -> None:
    record = a_record(guild_id=None)
    charge(table, record, a_charge())
    settle(table, record, JobStatus.FAILED, 300, NOW)
    assert items(table)["user#77#2026-01-02"]["used"] == 0
    assert not [key for key in items(table) if key.startswith("guild#")]


RESET = f"<t:{int(MIDNIGHT.timestamp())}:R>"


@pytest.mark.parametrize(
    ("quota", "other", "counter"),
    [
        # Another guild, a direct message: it is the same user's.
        ("user", {"guild_id": "201"}, ("user#77#2026-01-02", "used")),
        ("user", {"guild_id": None}, ("user#77#2026-01-02", "used")),
        ("member", {}, ("user#77#2026-01-02", "guild_200")),
        ("guild", {"user_id": "78"}, ("guild#200#2026-01-02", "used")),
        ("deployment", {"user_id": "78", "guild_id": "201"}, ("deployment#2026-01-02", "used")),
        ("deployment", {"user_id": "78", "guild_id": None}, ("deployment#2026-01-02", "used")),
    ],
)
def test_units_are_used_up_to_a_limit_to_the_hundredth_and_no_further(
    table: Table, quota: str, other: dict[str, Any], counter: tuple[str, str]
) -> None:
    limits = replace(OPEN, **{f"{quota}_units": 6})
    assert charge(table, a_record(), a_charge(3, limits)) is None
    over = charge(table, a_record(1, **other), a_charge(3.01, limits))
    assert_refused(over, f"quota_{quota}", units=301, limit=600, left=300, reset=RESET)
    assert charge(table, a_record(2, **other), a_charge(3, limits)) is None
    key, name = counter
    assert items(table)[key][name] == 600


def test_a_user_of_three_guilds_and_a_direct_message_has_one_quota(table: Table) -> None:
    limits = replace(OPEN, user_units=10)
    outcomes = [
        charge(table, a_record(number, guild_id=guild), a_charge(3, limits))
        for number, guild in enumerate(["200", "201", "202", None])
    ]
    assert outcomes[:3] == [None, None, None]
    assert_refused(outcomes[3], "quota_user", units=300, limit=1000, left=100, reset=RESET)
    assert items(table)["user#77#2026-01-02"] == {
        "used": 900, "guild_200": 300, "guild_201": 300, "guild_202": 300, "ttl": TTL,
    }  # fmt: skip


def test_a_member_of_a_guild_may_use_the_rest_of_the_users_quota_elsewhere(table: Table) -> None:
    limits = replace(OPEN, user_units=10, member_units=4)
    assert charge(table, a_record(), a_charge(4, limits)) is None
    over = charge(table, a_record(1), a_charge(1, limits))
    assert_refused(over, "quota_member", units=100, limit=400, left=0, reset=RESET)
    assert charge(table, a_record(2, guild_id="201"), a_charge(4, limits)) is None
    # The user's own quota is the first reason where both are used up.
    over = charge(table, a_record(3), a_charge(3, limits))
    assert_refused(over, "quota_user", units=300, limit=1000, left=200, reset=RESET)


def test_a_users_jobs_in_flight_and_pauses_hold_in_all_guilds(table: Table) -> None:
    limits = replace(OPEN, in_flight=1)
    assert charge(table, a_record(), a_charge(1, limits)) is None
    elsewhere = a_record(1, guild_id="201")
    assert_refused(charge(table, elsewhere, a_charge(1, limits)), "in_flight", jobs=1)
    settle(table, a_record(), JobStatus.CANCELLED, 100, NOW)
    paused = charge(table, elsewhere, a_charge(1, limits))
    assert paused
    assert paused.reason == "just_cancelled"


def test_nothing_is_left_of_a_limit_that_was_lowered_below_the_usage() -> None:
    used = {"used": {"N": "900"}}
    refusal = ledger.refusal("day", a_record(), used, a_charge(1, replace(OPEN, user_units=5)), NOW)
    assert refusal.values["left"] == 0


def test_the_whole_limit_is_left_where_nothing_was_used() -> None:
    refusal = ledger.refusal("day", a_record(), None, a_charge(9, replace(OPEN, user_units=5)), NOW)
    assert refusal.values["left"] == 500


@pytest.mark.parametrize("guild", ["200", None])
def test_a_job_may_cost_a_whole_day_and_no_more(guild: str | None) -> None:
    record = a_record(guild_id=guild)
    for limits in (OPEN, replace(OPEN, user_units=5, guild_units=5)):
        ledger.check_against_daily_limits(record, a_charge(5, limits), NOW)
    with pytest.raises(Refusal, match="quota_user") as refused:
        ledger.check_against_daily_limits(
            record, a_charge(6, replace(OPEN, user_units=5, guild_units=5)), NOW
        )
    assert refused.value.values["left"] == 500
    assert refused.value.values["reset"] == f"<t:{int(MIDNIGHT.timestamp())}:R>"
    of_guild = a_charge(6, replace(OPEN, guild_units=5))
    if guild is None:
        return ledger.check_against_daily_limits(record, of_guild, NOW)
    with pytest.raises(Refusal, match="quota_guild") as refused:
        ledger.check_against_daily_limits(record, of_guild, NOW)
    assert refused.value.values["units"] == 600
    assert refused.value.values["left"] == 500
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
    settle(table, cancelled, JobStatus.CANCELLED, 100, NOW)
    for number in (1, 2):
        moment = NOW + timedelta(minutes=number)
        assert charge(table, a_record(number), a_charge(1, limits), moment) is None
    third = charge(table, a_record(3), a_charge(1, limits), NOW + timedelta(minutes=3))
    assert_refused(third, "in_flight", jobs=2)


def test_after_a_cancel_requests_are_refused_for_five_seconds(table: Table) -> None:
    first = a_record()
    charge(table, first, a_charge())
    settle(table, first, JobStatus.CANCELLED, 300, NOW)
    again = f"<t:{int(SECONDS) + 6}:R>"
    early = charge(table, a_record(1), a_charge(), NOW + timedelta(seconds=4.9))
    assert_refused(early, "just_cancelled", again=again)
    assert charge(table, a_record(1), a_charge(), NOW + timedelta(seconds=5)) is None


def test_a_cooldown_that_ends_now_is_not_the_reason_of_a_refusal() -> None:
    item = {"asked_at": {"N": str(SECONDS - 60)}, "cancelled_at": {"N": str(SECONDS - 5)}}
    limits = replace(OPEN, cooldown_seconds=60)
    assert ledger.refusal("user", a_record(), item, a_charge(1, limits), NOW).reason == "in_flight"


@pytest.mark.parametrize("item", [None, {}])
def test_a_user_without_an_item_has_no_job_in_flight(item: dict[str, Any] | None) -> None:
    # With a clock near the epoch, a default of 0 for a time would not be long ago.
    early = datetime.fromtimestamp(2, UTC)
    refusal = ledger.refusal("user", a_record(), item, a_charge(1, OPEN), NOW)
    assert_refused(refusal, "in_flight", jobs=0)
    cooling = a_charge(1, replace(OPEN, cooldown_seconds=1))
    assert ledger.refusal("user", a_record(), item, cooling, NOW).reason == "in_flight"
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
    table.update_item(table.update("user#77", "ADD jobs :ids", values={":ids": {"1", "2", "3"}}))
    table.update_item(ledger.removal(table, a_record(), ["1", "3"]))
    assert items(table)["user#77"]["jobs"] == sorted(["2", a_record().id])


def test_usage_counts_the_units_of_today_and_the_jobs_that_are_not_expired(table: Table) -> None:
    lost = a_record(9, id=snowflake(NOW - timedelta(hours=1)))
    record, other = a_record(), a_record(1, user_id="78", guild_id="201")
    for each in (lost, record, other):
        charge(table, each, a_charge())
    assert usage(table) == used_in_guild(600, 600, 600, 900, record.id)
    tomorrow = NOW + timedelta(minutes=1)
    assert usage(table, tomorrow) == used_in_guild(0, 0, 0, 0, record.id)
    assert usage(table, guild_id="201") == used_in_guild(600, 0, 300, 900, record.id)
    assert usage(table, guild_id=None) == Usage(
        {Quota.USER: 600, Quota.DEPLOYMENT: 900}, frozenset({record.id})
    )


@pytest.mark.parametrize(
    ("guild", "first", "more"), [(None, [], []), ("200", ["guild#200"], ["guild#200#2026-01-02"])]
)
def test_settings_and_usage_are_one_consistent_read_of_these_items(
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    guild: str | None,
    first: list[str],
    more: list[str],
) -> None:
    reads: list[tuple[list[str], bool]] = []

    def read(keys: list[str], *, consistent: bool) -> dict[str, Any]:
        reads.append((keys, consistent))
        return {}

    monkeypatch.setattr(table, "batch_get_item", read)
    usage(table, guild_id=guild)
    of_user = ["user#77", "user#77#2026-01-02"]
    assert reads == [([*first, *of_user, *more, "deployment#2026-01-02"], True)]


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.ANSWERED])
def test_a_component_can_be_pressed_again_at_once_when_its_job_has_ended(
    table: Table, status: JobStatus
) -> None:
    now = datetime.now(UTC)
    jobs, first, second, third = JobStore(table), *(a_job(now, number) for number in range(3))
    pressed = a_charge(click="9#reroll")
    assert jobs.accept(first, charge=pressed)
    with pytest.raises(Refusal, match="pressed"):
        jobs.accept(second, charge=pressed)
    jobs.finish(first.id, status)
    if status is JobStatus.CANCELLED:
        # Then the pause is what is left to wait for, and the answer says so.
        with pytest.raises(Refusal, match="just_cancelled"):
            jobs.accept(second, charge=pressed)
    else:
        assert jobs.accept(second, charge=pressed)
        with pytest.raises(Refusal, match="pressed"):
            jobs.accept(third, charge=pressed)


@pytest.mark.parametrize(("cost", "charged"), [(300, 25), (25, 25), (10, 10)])
def test_a_job_whose_source_image_cannot_be_used_costs_a_quarter_of_a_unit_at_most(
    table: Table, cost: int, charged: int
) -> None:
    job = a_job(datetime.now(UTC))
    jobs = JobStore(table)
    assert jobs.accept(job, charge=a_charge(cost / 100))
    kept = {"charged_pictures": 0, "charged_units": UNUSABLE_SOURCE}
    assert jobs.finish(job.id, JobStatus.FAILED, reason="failed.source_format", **kept)
    assert usage(table, job.created_at) == used_in_guild(charged, charged, charged, charged)
