"""What users read about costs: before a job, in `/quota` and by "Show parameters"."""

from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.access.limits import Limits
from discord_diffusion.jobs.record import JobRecord
from discord_diffusion.texts.answers import unit_count
from tests.messages import text_of
from tests.unit.functions.conftest import SETTINGS, Caller, imagine, make_caller


def with_limits(**limits: int) -> Caller:
    return make_caller(replace(SETTINGS, limits=Limits(**limits, in_flight=5)))


def ask(caller: Caller, payload: dict[str, Any]) -> list[str]:
    """The lines of an answer."""
    lines: list[str] = text_of(caller.content(payload)["data"]).split("\n")
    return lines


def quota(**changes: Any) -> dict[str, Any]:
    return imagine() | {"data": {"id": "1", "name": "quota", "type": 1}} | changes


@pytest.mark.parametrize(
    ("hundredths", "english", "german"),
    [(0, "0", "0"), (1, "0.01", "0,01"), (10, "0.1", "0,1"), (100, "1", "1"), (250, "2.5", "2,5"),
     (1205, "12.05", "12,05"), (100_000, "1000", "1000")],
)  # fmt: skip
def test_units_are_written_with_the_decimals_that_they_need(
    hundredths: int, english: str, german: str
) -> None:
    assert unit_count(hundredths, "en-US") == english
    assert unit_count(hundredths, "de") == german


def test_the_first_answer_says_what_a_job_costs_and_what_is_left_then() -> None:
    caller = with_limits(user_units=100)
    payload = imagine(prompt="a star")
    assert ask(caller, payload)[-1] == "-# Units: 2.5 · 97.5 of 100 left today"
    assert ask(caller, payload)[-1] == "-# Units: 2.5 · 97.5 of 100 left today", "redelivered"
    second = imagine(prompt="a star", images=1, steps=24) | {"locale": "pt-BR"}
    assert ask(caller, second)[-1] == "-# Unidades: 1,96 · hoje restam 95,54 de 100"


def test_without_a_limit_of_the_user_the_first_answer_says_the_cost_alone() -> None:
    caller = with_limits(guild_units=100, deployment_units=100)
    assert ask(caller, imagine(prompt="a star"))[-1] == "-# Units: 2.5"


def test_the_command_quota_shows_each_quota_that_has_a_limit() -> None:
    caller = with_limits(user_units=100, guild_units=1000, deployment_units=3000)
    caller.guilds.set_settings(user_units=10)
    ask(caller, imagine(prompt="a star"))
    user, member, guild, everybody, jobs, unit = ask(caller, quota())
    assert user.startswith("You have used **2.5** of 100 units today in all servers; new ones <t:")
    assert member == "In this server you have used **2.5** of 10 units today."
    assert guild == "This server has used **2.5** of 1000 units today."
    assert everybody == "Everybody together has used **2.5** of 3000 units today."
    assert jobs == "Not finished: 0 of 5 requests."
    assert unit.startswith("-# A unit is one picture of 512×512 with 12 steps.")


def test_the_command_quota_shows_usage_without_a_limit_of_user_and_guild_alone() -> None:
    user, guild, _jobs, _unit = ask(with_limits(), quota())
    assert user.startswith("You have used **0** of ∞ units")
    assert guild == "This server has used **0** of ∞ units today."


def test_the_parameters_of_a_job_say_what_it_cost() -> None:
    caller = with_limits()
    payload = imagine(prompt="a star")
    caller.content(payload)
    record: JobRecord = caller.store.records[payload["id"]]
    message = {
        "id": "1",
        "author": {"id": "1000"},
        "application_id": "1000",
        "attachments": [],
        "components": caller.content(payload)["data"]["components"],
    }
    show = imagine() | {
        "data": {
            "id": "1",
            "name": "Show parameters",
            "type": 3,
            "target_id": "1",
            "resolved": {"messages": {"1": message}},
        }
    }
    assert record.units == 250
    assert ask(caller, show)[-1].endswith(" · Units: 2.5")
