"""The limits of users and guilds, and the settings of a guild."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.access.guild_settings import GuildSettings, toggled
from discord_diffusion.access.limits import Limits, day_of, next_day
from discord_diffusion.jobs.refusal import Refusal

DEPLOYMENT = Limits(100, 1000, 5, 3)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - given a zone below
def test_a_new_day_begins_at_midnight_utc(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    assert day_of(next_day(moment)) != day_of(moment)
    assert day_of(next_day(moment) - timedelta(microseconds=1)) == day_of(moment)


def test_the_settings_of_a_guild_only_tighten_the_limits_of_the_deployment() -> None:
    assert GuildSettings().limits(DEPLOYMENT, ["7"]) == DEPLOYMENT
    strict = GuildSettings(user_units=10, guild_units=50, cooldown_seconds=60, in_flight=1)
    assert strict.limits(DEPLOYMENT, []) == Limits(10, 50, 60, 1)
    generous = GuildSettings(user_units=500, guild_units=0, cooldown_seconds=0, in_flight=20)
    assert generous.limits(DEPLOYMENT, []) == DEPLOYMENT
    assert strict.limits(Limits(0, 0, 0, 20), []) == Limits(10, 50, 60, 1)
    assert GuildSettings().limits(Limits(0, 0, 0, 20), []) == Limits(0, 0, 0, 20)


@pytest.mark.parametrize(("own", "with_priority"), [(10, 30), (33, 99), (60, 100), (0, 100)])
def test_a_priority_role_triples_the_quota_of_the_guild_within_the_deployments(
    own: int, with_priority: int
) -> None:
    settings = GuildSettings(user_units=own, cooldown_seconds=60, priority_roles=("7",))
    assert settings.limits(DEPLOYMENT, ["7", "8"]) == Limits(with_priority, 1000, 5, 3)
    assert settings.limits(Limits(0, 0, 0, 3), ["7"]) == Limits(own * 3, 0, 0, 3)


def test_a_guild_admits_the_named_roles_and_channels_or_all() -> None:
    GuildSettings().admit({"1"}, [])
    named = GuildSettings(roles=("7",), channels=("1", "2"))
    named.admit({"1"}, ["7"])
    with pytest.raises(Refusal) as refused:
        named.admit({"1"}, ["8"])
    assert refused.value.reason == "role"
    with pytest.raises(Refusal) as refused:
        named.admit({"3"}, ["7"])
    assert refused.value.values == {"channels": "<#1> <#2>"}


@pytest.mark.parametrize(
    ("level", "nsfw", "checked"),
    [("strict", True, True), ("strict", False, True), ("channel", False, True),
     ("channel", True, False)],
)  # fmt: skip
def test_the_safety_check_is_off_only_where_guild_and_channel_agree(
    level: str, nsfw: bool, checked: bool
) -> None:
    assert GuildSettings(safety=level).safety_check(age_restricted=nsfw) is checked


def test_the_settings_of_a_guild_are_read_back_also_from_another_version() -> None:
    settings = GuildSettings(roles=("1",), user_units=5, blocklist=("a", "b"), guidance=5.5)
    assert GuildSettings.from_json(settings.to_json()) == settings
    assert GuildSettings.from_json('{"roles":["1"],"tomorrow":1}') == GuildSettings(roles=("1",))
    assert toggled(("a", "b"), "a", False) == ("b",)
    assert toggled(("a", "b"), "a", True) == ("b", "a")
