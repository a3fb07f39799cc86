"""The limits of users and guilds, and the settings of a guild."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.access.guild_settings import GuildSettings, toggled
from discord_diffusion.access.limits import Allowance, Limits, Quota, Usage, day_of, next_day
from discord_diffusion.jobs.parameters import Style
from discord_diffusion.jobs.refusal import Refusal

DEPLOYMENT = Limits(
    user_units=100, guild_units=1000, deployment_units=5000, cooldown_seconds=5, in_flight=3
)
OPEN = Limits(in_flight=20)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - given a zone below
def test_a_new_day_begins_at_midnight_utc(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    assert day_of(next_day(moment)) != day_of(moment)
    assert day_of(next_day(moment) - timedelta(microseconds=1)) == day_of(moment)


def test_a_day_is_that_of_utc_wherever_the_function_or_the_moment_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        late = datetime(2026, 1, 2, 23, 30, 1, 5, tzinfo=UTC)
        assert day_of(late) == day_of(late.astimezone()) == "2026-01-02"
        assert next_day(late) == next_day(late.astimezone()) == datetime(2026, 1, 3, tzinfo=UTC)
    time.tzset()


def test_the_settings_of_a_guild_only_tighten_the_limits_of_the_deployment() -> None:
    assert GuildSettings().limits(DEPLOYMENT, ["7"]) == DEPLOYMENT
    strict = GuildSettings(user_units=10, guild_units=50, cooldown_seconds=60, in_flight=1)
    assert strict.limits(DEPLOYMENT, []) == Limits(100, 10, 50, 5000, 60, 1)
    generous = GuildSettings(user_units=500, guild_units=0, cooldown_seconds=0, in_flight=20)
    assert generous.limits(DEPLOYMENT, []) == replace(DEPLOYMENT, member_units=500)
    assert strict.limits(OPEN, []) == Limits(0, 10, 50, 0, 60, 1)
    assert GuildSettings().limits(OPEN, []) == OPEN


def test_the_stricter_of_two_limits_counts_for_each_of_them() -> None:
    one, other = Limits(1, 20, 3, 40, 5, 60), Limits(10, 2, 30, 4, 50, 6)
    assert one.within(other) == other.within(one) == Limits(1, 2, 3, 4, 50, 6)
    assert one.within(Limits(in_flight=100)) == one


@pytest.mark.parametrize(("own", "with_priority"), [(10, 30), (60, 180), (0, 0)])
def test_a_priority_role_triples_the_guilds_own_quota_and_not_the_deployments(
    own: int, with_priority: int
) -> None:
    settings = GuildSettings(user_units=own, cooldown_seconds=60, priority_roles=("7",))
    assert settings.limits(DEPLOYMENT, ["7", "8"]) == replace(
        DEPLOYMENT, member_units=with_priority
    )
    assert settings.limits(OPEN, ["7"]) == replace(OPEN, member_units=with_priority)
    assert settings.limits(OPEN, ["8"]).cooldown_seconds == 60


def test_a_limit_is_compared_in_hundredths() -> None:
    limits = Limits(1, 2, 3, 4)
    assert [limits.hundredths(quota) for quota in Quota] == [100, 200, 300, 400]


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (OPEN, None),
        (replace(OPEN, guild_units=5, deployment_units=5), None),
        (replace(OPEN, user_units=5), Allowance(350, 500)),
        (replace(OPEN, member_units=2), Allowance(125, 200)),
        (replace(OPEN, user_units=2, member_units=2), Allowance(50, 200)),
        (replace(OPEN, user_units=5, member_units=1), Allowance(25, 100)),
        (replace(OPEN, user_units=1), Allowance(0, 100)),
    ],
)
def test_what_is_left_to_a_user_is_the_smaller_of_the_users_quotas(
    limits: Limits, left: Allowance | None
) -> None:
    counts = {Quota.USER: 150, Quota.MEMBER: 75, Quota.GUILD: 400, Quota.DEPLOYMENT: 400}
    assert Usage(counts).left(limits) == left
    outside = {Quota.USER: 150, Quota.DEPLOYMENT: 400}
    by_user = Usage(outside).left(limits)
    assert by_user == (Usage(counts).left(replace(limits, member_units=0)))


def test_a_cost_is_deducted_from_what_is_left_down_to_nothing() -> None:
    assert Allowance(350, 500).minus(50) == Allowance(300, 500)
    assert Allowance(350, 500).minus(351) == Allowance(0, 500)


def test_a_guild_admits_the_named_roles_and_channels_or_all() -> None:
    GuildSettings().admit({"1"}, [], "77")
    named = GuildSettings(roles=("7",), channels=("1", "2"))
    named.admit({"1"}, ["7"], "77")
    with pytest.raises(Refusal) as refused:
        named.admit({"1"}, ["8"], "77")
    assert refused.value.reason == "role"
    with pytest.raises(Refusal) as refused:
        named.admit({"3"}, ["7"], "77")
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
    ink = Style("ink", "{prompt}, ink", steps=8)
    settings = GuildSettings(roles=("1",), user_units=5, blocklist=("a", "b"), styles=(ink,))
    assert GuildSettings.from_json(settings.to_json()) == settings
    assert GuildSettings.from_json('{"roles":["1"],"tomorrow":1}') == GuildSettings(roles=("1",))
    assert toggled(("a", "b"), "a", False) == ("b",)
    assert toggled(("a", "b"), "a", True) == ("b", "a")


def test_a_refusal_names_five_of_the_channels_that_are_allowed() -> None:
    settings = GuildSettings(channels=tuple("123456"))
    settings.admit({"6", "category"}, [], "77")
    with pytest.raises(Refusal) as refused:
        settings.admit({"7"}, [], "77")
    assert refused.value.reason == "channel"
    assert str(refused.value) == "channel"
    assert refused.value.values == {"channels": "<#1> <#2> <#3> <#4> <#5>"}


def test_an_id_is_added_or_removed_once_and_the_others_keep_their_order() -> None:
    assert toggled((), "a", True) == ("a",)
    assert toggled(("a", "b", "c"), "b", False) == ("a", "c")
    assert toggled(("a", "b"), "c", False) == ("a", "b")
    assert GuildSettings().to_json().startswith('{"roles":[],"channels":[]')
