"""What moderators do in the stand-in: they see and reset quotas, and stop jobs."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.functions.interactions.confirmation_schedule import ConfirmationSchedule
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.stop_order import StopOrder
from discord_diffusion.texts.catalogue import LANGUAGES
from tests.messages import is_ephemeral, text_of
from tests.standin_bot import Bot, running_bot
from tests.standin_in_process import ADA, BORIS, GUILD, PICTURES

pytestmark = pytest.mark.anyio
ONE = {"images": 1}
ASKED = {"prompt": "a star", **ONE}


@dataclass
class Executions:
    """The inputs of the state machine that carries orders out."""

    given: list[Mapping[str, Any]] = field(default_factory=list)

    def start(self, given: Mapping[str, Any] | None = None, *, repeat: bool = True) -> None:  # noqa: ARG002
        self.given.append(given or {})

    @property
    def orders(self) -> list[StopOrder]:
        return [StopOrder.from_json(one["stop"]) for one in self.given if "stop" in one]


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """The bot behind a stand-in, its guild without settings."""
    async with running_bot() as running:
        yield running


@pytest.fixture
def executions(bot: Bot) -> Executions:
    machine = Executions()
    bot.handlers.admission.confirmations = ConfirmationSchedule(machine)  # type: ignore[arg-type]
    return machine


async def test_a_stop_names_the_guild_the_user_and_the_moment(
    bot: Bot, executions: Executions
) -> None:
    job = await bot.imagine(PICTURES, options=ONE)
    assert job
    answer = await bot.settings("stop", user=BORIS)
    assert f"I am stopping all requests of <@{BORIS}> in this server" in answer
    everybody = await bot.settings("stop")
    assert "I am stopping all requests in this server" in everybody
    one, all_of_them = executions.orders
    assert (one.guild_id, one.user_id) == (GUILD, BORIS)
    assert (all_of_them.guild_id, all_of_them.user_id) == (GUILD, None)
    assert int(job.id) < int(one.event_id) < int(all_of_them.event_id)
    audit = await bot.settings("audit")
    assert f"<@{ADA}> **stop**: user <@{BORIS}>" in audit
    assert len(executions.orders) == 2


async def test_where_nothing_can_be_stopped_the_answer_says_so(bot: Bot) -> None:
    assert "look that up" in await bot.settings("stop")
    assert "**stop**" not in await bot.settings("audit")


async def test_only_who_manages_the_server_stops_jobs_and_sees_quotas(
    bot: Bot, executions: Executions
) -> None:
    for command in ("settings stop", "settings quota"):
        options = {"user": ADA}
        answer = await bot.answer(command=command, user_id=BORIS, options=options)
        assert "may manage this server" in answer
    assert executions.orders == []


async def test_a_quota_is_that_of_the_user_in_this_server_alone(bot: Bot) -> None:
    assert await bot.imagine(PICTURES, options=ONE)
    dm = await bot.standin.send(command="imagine", user_id=BORIS, guild_id=None, options=ASKED)
    assert dm["outcome"] == "answered", dm
    await bot.settings("limits", user_units=7)
    answer = await bot.settings("quota", user=BORIS)
    assert f"<@{BORIS}> has used **1** of 7 units in this server today" in answer


async def test_after_a_reset_a_user_may_ask_again_and_no_unit_is_won_by_it(bot: Bot) -> None:
    await bot.settings("limits", user_units=2)
    first, second = [await bot.imagine(PICTURES, options=ONE) for _ in range(2)]
    assert first
    assert second
    assert not await bot.imagine(PICTURES, options=ONE)
    jobs = JobStore(bot.table)
    jobs.finish(first.id, JobStatus.ANSWERED)
    answer = await bot.settings("quota", user=BORIS, reset=True)
    assert "That counts no more; only 1 units of unfinished requests do." in answer
    jobs.finish(second.id, JobStatus.FAILED)
    assert "has used **0** of 2 units" in await bot.settings("quota", user=BORIS)
    assert await bot.imagine(PICTURES, options=ONE)
    assert await bot.imagine(PICTURES, options=ONE)
    assert not await bot.imagine(PICTURES, options=ONE)
    assert f"<@{ADA}> **quota**: user <@{BORIS}>, reset True" in await bot.settings("audit")


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_the_answers_are_private_in_every_language(
    bot: Bot, executions: Executions, locale: str
) -> None:
    asked = [("stop", {}), ("stop", {"user": BORIS}), ("quota", {"user": BORIS, "reset": True})]
    for name, options in asked:
        sent = await bot.standin.send(
            command=f"settings {name}", user_id=ADA, locale=locale, options=options, strict=True
        )
        assert sent["outcome"] == "answered", sent
        assert is_ephemeral(sent["response"]["data"])
        assert "{" not in text_of(sent["response"]["data"])
    assert len(executions.orders) == 2
