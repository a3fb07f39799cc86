"""Units, refunds, limits and what a guild decides: arithmetic alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.access.guild_settings import GuildSettings, toggled
from discord_diffusion.access.limits import Limits, day_of, next_day
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.units import cost, refund

DEPLOYMENT = Limits(100, 1000, 5, 3)
sizes = st.integers(1, 512).map(lambda eighth: eighth * 8)
parameters = st.builds(
    GenerationParameters,
    st.just("x"),
    st.just(1),
    st.integers(1, 100),
    st.just(7.5),
    sizes,
    sizes,
    st.integers(1, 4),
    source=st.none()
    | st.builds(SourceImage, st.just("https://x/y"), st.floats(0.01, 1), st.sampled_from([1, 2])),
)


def drawn(**changed: object) -> GenerationParameters:
    plain: dict[str, object] = {
        "prompt": "x", "seed": 1, "steps": 25, "guidance": 7.5, "width": 512, "height": 512,
        "images": 1,
    }  # fmt: skip
    return GenerationParameters(**(plain | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "units"),
    [
        ({}, 1),
        ({"images": 4}, 4),
        ({"steps": 50}, 2),
        ({"steps": 26}, 2),
        ({"width": 1024, "height": 1024}, 4),
        ({"width": 64, "height": 64, "images": 4}, 1),
        ({"source": SourceImage("https://x/y", 0.5, 2)}, 2),
        ({"source": SourceImage("https://x/y", 0.1)}, 1),
    ],
)
def test_a_unit_is_one_picture_of_512_with_25_steps(changed: dict[str, object], units: int) -> None:
    assert cost(drawn(**changed)) == units


@given(parameters)
def test_more_never_costs_less(one: GenerationParameters) -> None:
    from dataclasses import replace

    assert cost(one) >= 1
    assert cost(replace(one, images=4)) >= cost(one)
    assert cost(replace(one, steps=100)) >= cost(one)


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 6))
def test_a_refund_is_never_more_than_was_paid(units: int, images: int, filtered: int) -> None:
    back = refund(units, JobStatus.ANSWERED, images=images, filtered=filtered)
    assert 0 <= back <= units
    if filtered >= images:
        assert back == units
    for status in (JobStatus.FAILED, JobStatus.REFUSED, JobStatus.CANCELLED):
        assert refund(units, status, images=images) == units


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - given a zone below
def test_a_quota_is_whole_again_when_the_day_changes(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    assert day_of(next_day(moment)) != day_of(moment)
    assert day_of(next_day(moment) - timedelta(microseconds=1)) == day_of(moment)


def test_a_guild_tightens_what_the_deployment_allows() -> None:
    assert GuildSettings().limits(DEPLOYMENT, ["7"]) == DEPLOYMENT
    strict = GuildSettings(user_units=10, guild_units=50, cooldown_seconds=60, in_flight=1)
    assert strict.limits(DEPLOYMENT, []) == Limits(10, 50, 60, 1)
    generous = GuildSettings(user_units=500, guild_units=0, cooldown_seconds=0, in_flight=20)
    assert generous.limits(DEPLOYMENT, []) == DEPLOYMENT
    assert strict.limits(Limits(0, 0, 0, 20), []) == Limits(10, 50, 60, 1)
    assert GuildSettings().limits(Limits(0, 0, 0, 20), []) == Limits(0, 0, 0, 20)


@pytest.mark.parametrize(("own", "with_priority"), [(10, 30), (33, 99), (60, 100), (0, 100)])
def test_priority_multiplies_what_the_guild_gives_up_to_what_the_deployment_allows(
    own: int, with_priority: int
) -> None:
    settings = GuildSettings(user_units=own, cooldown_seconds=60, priority_roles=("7",))
    assert settings.limits(DEPLOYMENT, ["7", "8"]) == Limits(with_priority, 1000, 5, 3)
    assert settings.limits(Limits(0, 0, 0, 3), ["7"]) == Limits(own * 3, 0, 0, 3)


def test_roles_and_channels_let_in_those_that_are_named_or_everybody() -> None:
    GuildSettings().admit("1", [])
    named = GuildSettings(roles=("7",), channels=("1", "2"))
    named.admit("1", ["7"])
    with pytest.raises(Refusal) as refused:
        named.admit("1", ["8"])
    assert refused.value.reason == "role"
    with pytest.raises(Refusal) as refused:
        named.admit("3", ["7"])
    assert refused.value.values == {"channels": "<#1> <#2>"}


@pytest.mark.parametrize(
    ("level", "nsfw", "obeyed"),
    [("strict", True, True), ("strict", False, True), ("channel", False, True),
     ("channel", True, False)],
)  # fmt: skip
def test_the_filter_is_left_out_only_where_guild_and_channel_agree(
    level: str, nsfw: bool, obeyed: bool
) -> None:
    assert GuildSettings(safety=level).safety_check(age_restricted=nsfw) is obeyed


def test_settings_are_read_back_and_those_of_another_version_too() -> None:
    settings = GuildSettings(roles=("1",), user_units=5, blocklist=("a", "b"), guidance=5.5)
    assert GuildSettings.from_json(settings.to_json()) == settings
    assert GuildSettings.from_json('{"roles":["1"],"tomorrow":1}') == GuildSettings(roles=("1",))
    assert toggled(("a", "b"), "a", False) == ("b",)
    assert toggled(("a", "b"), "a", True) == ("b", "a")
