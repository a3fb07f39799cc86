"""`/settings summary` in the stand-in: what was asked for and drawn in the server, day by day."""

from collections.abc import AsyncIterator

import pytest

from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.texts.catalogue import LANGUAGES
from tests.standin_bot import Bot, running_bot
from tests.standin_in_process import ADA, BORIS, PICTURES

pytestmark = pytest.mark.anyio
TWO = {"images": 2}


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """The bot behind a stand-in, its guild without settings."""
    async with running_bot() as running:
        yield running


async def test_requests_pictures_units_refusals_and_what_was_held_back_are_counted(
    bot: Bot,
) -> None:
    assert "Nobody has asked for anything" in await bot.settings("summary")
    jobs = JobStore(bot.table)
    drawn, held_back, failed = [await bot.imagine(PICTURES, options=TWO) for _ in range(3)]
    assert drawn
    assert held_back
    assert failed
    jobs.finish(drawn.id, JobStatus.ANSWERED, filtered=0, charged_pictures=2)
    jobs.finish(held_back.id, JobStatus.ANSWERED, filtered=1, charged_pictures=2)
    jobs.finish(failed.id, JobStatus.FAILED)
    assert not await bot.imagine(PICTURES, options={"prompt": "a nude child"})
    elsewhere = await bot.standin.send(
        command="imagine", user_id=BORIS, guild_id=None, options={"prompt": "a star"}
    )
    assert elsewhere["outcome"] == "answered", elsewhere
    shown = await bot.settings("summary")
    counts = "requests 3, pictures 6, units 3, refused for their words 1, held back by the filter 1"
    assert f":D>: {counts}" in shown


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_the_summary_is_private_and_for_managers_in_every_language(
    bot: Bot, locale: str
) -> None:
    await bot.imagine(PICTURES)
    sent = await bot.standin.send(command="settings summary", user_id=ADA, locale=locale)
    assert sent["response"]["data"]["flags"] & 64
    refused = await bot.answer(command="settings summary", user_id=BORIS)
    assert "may manage this server" in refused
