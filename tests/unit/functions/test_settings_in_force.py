"""What `/settings show` says of limits and defaults: the numbers that apply, and whose they are."""

from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.access.limits import Limits
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.texts.catalogue import LANGUAGES, described, say
from tests.messages import text_of
from tests.unit.functions.conftest import SETTINGS, imagine, make_caller
from tests.unit.functions.test_redelivery import MANAGER

DEPLOYMENT = replace(
    SETTINGS,
    limits=Limits(
        user_units=100, guild_units=1000, deployment_units=3000, cooldown_seconds=4, in_flight=5
    ),
    max_pixels=1024 * 1024,
    default_steps=12,
    default_guidance=6.5,
    default_width=640,
    default_height=512,
    default_images=3,
    models={"quick": ModelSpec("x", steps=4, guidance=1.0, max_pixels=512 * 512)},
)
DEPLOYED = {
    "user_units": "100 (as deployed)",
    "server_units": "1000 (as deployed)",
    "cooldown": "4 (as deployed)",
    "jobs": "5 (as deployed)",
    "max_side": "4096, and 1048576 pixels in all (as deployed)",
    "images": "3 (as deployed)",
    "steps": "12 (as deployed)",
    "guidance": "6.5 (as deployed)",
    "size": "640×512 (as deployed)",
    "model": "as deployed",
}


def shown(
    settings: InteractionsSettings = DEPLOYMENT, locale: str = "en", **own: Any
) -> dict[str, str]:
    """The lines of `/settings show` by name, in a guild with these settings of its own."""
    caller = make_caller(settings)
    caller.guilds.set_settings(**own)
    data = {"name": "settings", "options": [{"name": "show", "type": 1}]}
    answer = caller.content(imagine() | {"member": MANAGER, "data": data, "locale": locale})
    lines = [line.partition("**: ") for line in text_of(answer["data"]).splitlines()]
    return {name.removeprefix("**"): value for name, _, value in lines}


def test_a_guild_that_set_nothing_reads_the_numbers_of_the_deployment() -> None:
    lines = shown()
    assert {name: lines[name] for name in DEPLOYED} == DEPLOYED


def test_what_a_guild_has_set_is_not_marked() -> None:
    own = {"user_units": 20, "guild_units": 300, "cooldown_seconds": 9, "in_flight": 2}
    defaults = {"images": 1, "steps": 30, "guidance": 7.5, "size": "wide", "model": "quick"}
    lines = shown(max_side=512, **own, **defaults)
    values = ["20", "300", "9", "2", "512", "1", "30", "7.5", "wide", "quick"]
    assert {name: lines[name] for name in DEPLOYED} == dict(zip(DEPLOYED, values, strict=True))


def test_of_a_looser_limit_the_one_of_the_deployment_is_read() -> None:
    looser = {"user_units": 101, "guild_units": 4000, "cooldown_seconds": 3, "in_flight": 9}
    lines = shown(**looser)
    names = ("user_units", "server_units", "cooldown", "jobs")
    assert {name: lines[name] for name in names} == {name: DEPLOYED[name] for name in names}


def test_no_limit_is_no_number() -> None:
    lines = shown(replace(DEPLOYMENT, limits=Limits(in_flight=5)), guild_units=0)
    assert (lines["user_units"], lines["server_units"]) == ("∞ (as deployed)", "∞ (as deployed)")


def test_the_units_of_everybody_bound_those_of_a_server() -> None:
    limits = replace(DEPLOYMENT.limits, guild_units=0)
    assert shown(replace(DEPLOYMENT, limits=limits))["server_units"] == "3000 (as deployed)"


def test_a_default_model_brings_its_own_numbers() -> None:
    lines = shown(model="quick", max_side=768)
    assert (lines["steps"], lines["guidance"]) == ("4 (as deployed)", "1 (as deployed)")
    assert lines["max_side"] == "768, and 262144 pixels in all"


def test_a_model_that_the_deployment_lost_stops_nobody_from_reading_the_settings() -> None:
    lines = shown(model="gone")
    assert (lines["model"], lines["steps"]) == ("gone", "12 (as deployed)")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_language_marks_them_and_says_what_a_unit_is(locale: str) -> None:
    lines = shown(locale=locale)
    name = described(locale, "settings.limits.jobs")[0]
    assert lines[name] == say(locale, "settings.deployed", value="5")
    assert say(locale, "quota.unit", width=640, height=512, steps=12) in "".join(lines)
