"""Settings, usage and audit records of a guild, on moto's DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discord_diffusion.access.guild_changes import (
    MOST_CHANGES,
    GuildChange,
    from_json,
    recent,
    to_json,
)
from discord_diffusion.access.guild_channels import GuildChannel, KnownChannel
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Limits, Quota, Usage
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.guild_store import GuildDay, GuildStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from tests.unit.aws.jobs_table import NOW, a_job, items, jobs_table, used_in_guild

STRICT = GuildSettings(roles=("1",), user_units=5)
LIMITS = Limits(user_units=100, guild_units=1000, cooldown_seconds=0, in_flight=3)


@pytest.fixture
def table() -> Iterator[Table]:
    with jobs_table() as table:
        yield table


@pytest.fixture
def guilds(table: Table) -> GuildStore:
    return GuildStore(table, audit_days=3)


def test_a_guild_that_has_saved_nothing_has_the_defaults_of_version_0(guilds: GuildStore) -> None:
    assert guilds.settings("200") == (GuildSettings(), 0)


def save(
    guilds: GuildStore, settings: GuildSettings, event_id: str = "1", guild_id: str = "200"
) -> bool:
    guild = guilds.managed(guild_id, event_id)
    return guilds.change(guild, GuildChange.of(event_id, "77", "limits", {}), settings)


def test_settings_are_kept_for_their_guild_alone(guilds: GuildStore, table: Table) -> None:
    assert save(guilds, STRICT)
    assert guilds.settings("200") == (STRICT, 1)
    assert guilds.settings("201") == (GuildSettings(), 0)
    assert items(table)["guild#200"] == {"settings": STRICT.to_json(), "version": 1.0}


def test_of_two_managers_who_change_the_same_version_one_is_told_to_look_again(
    guilds: GuildStore,
) -> None:
    first, second = guilds.managed("200", "1"), guilds.managed("200", "2")
    assert guilds.change(first, GuildChange.of("1", "77", "limits", {}), STRICT)
    assert not guilds.change(second, GuildChange.of("2", "78", "reset", {}), GuildSettings())
    assert save(guilds, replace(STRICT, user_units=6), "3")
    assert guilds.settings("200") == (replace(STRICT, user_units=6), 2)


def test_a_change_is_written_with_its_audit_record_and_the_settings_only_if_there_are_new_ones(
    guilds: GuildStore, table: Table
) -> None:
    limits = GuildChange("1", "77", "limits", seconds(), {"user_units": "5"})
    reset = GuildChange("2", "78", "reset-user", seconds(), {"user": "79"})
    assert guilds.change(guilds.managed("200", "1"), limits, STRICT)
    assert guilds.change(guilds.managed("200", "2"), reset, None, units=7, note=None)
    found = items(table)
    for item in (found["guild#200#changes"], *(found[f"audit#200#{one}"] for one in (1, 2))):
        assert item.pop("ttl") == pytest.approx(seconds() + 3 * 86_400, abs=60)
        assert item.pop("at", seconds()) == pytest.approx(seconds(), abs=60)
    settings = STRICT.to_json()
    in_guild = {"guild_id": "200"}
    assert found == {
        "guild#200": {"settings": settings, "version": 1.0},
        "guild#200#changes": {"changes": to_json((reset, limits)), "version": 2.0},
        "audit#200#1": in_guild
        | {"user_id": "77", "action": "settings.limits", "settings": settings},
        "audit#200#2": in_guild | {"user_id": "78", "action": "settings.reset-user", "units": 7.0},
    }


def seconds() -> int:
    """Seconds since the epoch."""
    return int(datetime.now(UTC).timestamp())


def test_an_interaction_changes_a_guild_once_and_its_second_delivery_finds_what_it_saved(
    guilds: GuildStore,
) -> None:
    assert save(guilds, STRICT, "1")
    assert save(guilds, GuildSettings(), "2")
    again = guilds.managed("200", "1")
    assert again.saved_before == STRICT
    assert again.settings == GuildSettings()
    assert not guilds.change(again, GuildChange.of("1", "77", "limits", {}), STRICT)
    assert guilds.managed("200", "3").saved_before is None


def test_the_last_changes_are_kept_with_who_made_them_for_as_many_days_as_are_set(
    guilds: GuildStore, table: Table
) -> None:
    for number in range(MOST_CHANGES + 2):
        assert save(guilds, GuildSettings(steps=number), str(number))
    found = guilds.managed("200", "99").changes
    assert [one.event_id for one in found] == [str(n) for n in range(MOST_CHANGES + 1, 1, -1)]
    assert {one.user_id for one in found} == {"77"}
    kept = items(table)["guild#200#changes"]
    assert kept["ttl"] - kept_at(kept) == pytest.approx(3 * 86_400, abs=2)
    old = replace(found[0], at=found[0].at - 3 * 86_400)
    assert recent((found[0], old), found[0].at, timedelta(days=3)) == (found[0],)


def kept_at(item: dict[str, Any]) -> float:
    return float(from_json(item["changes"])[0].at)


def test_the_usage_is_that_of_the_user_the_guild_and_the_day_and_comes_with_the_settings(
    guilds: GuildStore, table: Table
) -> None:
    now = datetime.now(UTC)
    job = a_job(now)
    save(guilds, STRICT)
    JobStore(table).accept(job, charge=Charge(700, LIMITS, audit_days=3))
    today = job.created_at
    read = guilds.settings_and_usage
    in_guild = used_in_guild(700, 700, 700, 700, job.id)
    assert read("77", "200", today) == (STRICT, in_guild, None)
    assert read("78", "200", today) == (STRICT, used_in_guild(0, 0, 700, 700), None)
    elsewhere = used_in_guild(700, 0, 0, 700, job.id)
    assert read("77", "201", today) == (GuildSettings(), elsewhere, None)
    outside = Usage({Quota.USER: 700, Quota.DEPLOYMENT: 700}, frozenset({job.id}))
    assert read("77", None, today) == (GuildSettings(), outside, None)
    tomorrow = read("77", "200", today + timedelta(days=1))
    assert tomorrow == (STRICT, used_in_guild(0, 0, 0, 0), None)


def test_a_channel_is_known_until_its_time_is_over(guilds: GuildStore, table: Table) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    until = now + timedelta(days=30)
    channel = GuildChannel("300", age_restricted=True, category_id="390")
    guilds.note_channel(channel, until)
    assert items(table)["channel#300"]["ttl"] == until.timestamp()

    def known(at: datetime, channel_id: str = "300") -> KnownChannel | None:
        return guilds.settings_and_usage("77", "200", at, channel_id)[2]

    assert known(now) == KnownChannel(channel, until)
    assert known(until - timedelta(seconds=1)) == KnownChannel(channel, until)
    assert known(until) is None, "DynamoDB deletes it later"
    assert known(now, "301") is None


def test_a_channel_that_a_manager_named_is_known_for_good(guilds: GuildStore, table: Table) -> None:
    category = GuildChannel("390", is_category=True)
    guilds.note_channel(category, None)
    assert "ttl" not in items(table)["channel#390"]
    later = datetime.now(UTC) + timedelta(days=999)
    assert guilds.settings_and_usage("77", "200", later, "390")[2] == KnownChannel(category, None)


def test_what_limits_and_managers_go_by_is_read_as_it_is_now_a_summary_may_be_a_moment_old(
    guilds: GuildStore, table: Table
) -> None:
    requests: list[Any] = []

    def note(params: Any, **_: Any) -> None:
        requests.append(params["RequestItems"][table.name])

    table.client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", note)
    guilds.settings_and_usage("77", "200", NOW)
    guilds.settings_and_usage("77", None, NOW, "300")
    guilds.managed("200", "1")
    guilds.days("200", NOW)
    day, of_user = "2026-01-02", ["user#77", "user#77#2026-01-02"]
    days = [day, "2026-01-01", *(f"2025-12-{number}" for number in (31, 30, 29, 28, 27))]
    assert [
        ([key["id"]["S"] for key in one["Keys"]], one["ConsistentRead"]) for one in requests
    ] == [
        (["guild#200", *of_user, f"guild#200#{day}", f"deployment#{day}"], True),
        (["channel#300", *of_user, f"deployment#{day}"], True),
        (["guild#200", "guild#200#changes", "audit#200#1"], True),
        ([f"guild#200#{one}" for one in days], False),
    ]


def test_a_summary_has_what_was_counted_on_each_of_the_last_days_that_had_anything(
    guilds: GuildStore, table: Table
) -> None:
    JobStore(table).accept(a_job(NOW), charge=Charge(700, LIMITS, audit_days=3))
    for days in (0, 0, 2, 7):
        guilds.note_refusal("200", NOW - timedelta(days=days))
    guilds.note_refusal("201", NOW - timedelta(days=1))
    # Units that were given back are no negative use.
    refunded = {"id": "guild#200#2025-12-27", "used": -300, "held_back": 2}
    table.put_item(table.put(refunded))
    assert guilds.days("200", NOW) == [
        GuildDay(NOW, requests=1, pictures=4, used=700, refused=2, held_back=0),
        GuildDay(NOW - timedelta(days=2), 0, 0, 0, refused=1, held_back=0),
        GuildDay(NOW - timedelta(days=6), 0, 0, 0, 0, held_back=2),
    ]


def test_the_units_of_a_user_are_reset_unless_others_were_used_since_they_were_seen(
    guilds: GuildStore, table: Table
) -> None:
    job = a_job(NOW)
    JobStore(table).accept(job, charge=Charge(700, LIMITS, audit_days=3))

    def used(user_id: str) -> int:
        read = guilds.settings_and_usage(user_id, "200", NOW)
        return read[1].used[Quota.MEMBER]

    assert not guilds.reset_usage("77", "200", NOW, seen=600, kept=0)
    assert used("77") == 700
    assert guilds.reset_usage("77", "200", NOW, seen=700, kept=100)
    assert used("77") == 100
    assert guilds.reset_usage("78", "200", NOW, seen=0, kept=500)
    assert used("78") == 500
    assert used("77") == 100


def test_an_audit_record_says_who_did_what_and_when_for_as_many_days_as_are_set(
    guilds: GuildStore, table: Table
) -> None:
    before = datetime.now(UTC).timestamp()
    guilds.audit("9", "77", "200", "settings", changed="roles", role=None)
    after = datetime.now(UTC).timestamp()
    ((key, record),) = items(table).items()
    assert key == "audit#200#9"
    at, ttl = record.pop("at"), record.pop("ttl")
    assert before <= at <= after
    assert ttl == int(at + 3 * 86_400)
    assert record == {
        "user_id": "77",
        "guild_id": "200",
        "action": "settings",
        "changed": "roles",
    }
