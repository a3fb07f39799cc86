"""`/history` in the stand-in: one's own pictures, page by page, with links and buttons."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.texts.catalogue import LANGUAGES
from tests.messages import buttons_of, is_ephemeral, text_of, walk
from tests.standin_bot import Bot, running_bot
from tests.standin_in_process import ADA, BORIS, GUILD, PICTURES

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """The bot behind a stand-in, its guild without settings."""
    async with running_bot() as running:
        yield running


async def drawn(bot: Bot, count: int = 1, *, message: str = "5", **more: Any) -> list[str]:
    """The ids of jobs of Boris's that were answered, the newest first."""
    jobs = [await bot.imagine(PICTURES, **more) for _ in range(count)]
    for job in jobs:
        assert job
        JobStore(bot.table).finish(job.id, JobStatus.ANSWERED, message=message)
    return [job.id for job in jobs if job][::-1]


async def history(bot: Bot, **more: Any) -> dict[str, Any]:
    fields = {"user_id": BORIS, "channel_id": PICTURES, "locale": "en-US"} | more
    sent = await bot.standin.send(command="history", **fields)
    assert sent["outcome"] == "answered", sent
    return sent


async def turn(bot: Bot, sent: dict[str, Any], verb: str) -> dict[str, Any]:
    """The page that a button of a page leads to."""
    button = next(one for one in buttons_of(page_of(sent)) if one.startswith(f"{verb}:"))
    answer = await bot.standin.send(
        message_id=sent["message_id"], custom_id=button, user_id=BORIS, locale="en-US"
    )
    assert answer["outcome"] == "answered", answer
    return answer | {"message_id": sent["message_id"]}


def page_of(sent: dict[str, Any]) -> dict[str, Any]:
    page: dict[str, Any] = sent["response"]["data"]
    return page


def jobs_of(sent: dict[str, Any]) -> list[str]:
    """The jobs of a page, in order."""
    verbs = (one.split(":") for one in buttons_of(page_of(sent)))
    return [job_id for verb, job_id, _ in verbs if verb == "reroll"]


def links_of(sent: dict[str, Any]) -> list[str]:
    return [one["url"] for one in walk(page_of(sent)["components"]) if one.get("style") == 5]


async def test_the_newest_pictures_come_first_and_only_the_user_sees_them(bot: Bot) -> None:
    assert "no pictures of yours" in text_of(page_of(await history(bot)))
    newest, older = await drawn(bot, 2)
    sent = await history(bot)
    assert is_ephemeral(page_of(sent))
    assert jobs_of(sent) == [newest, older]
    assert links_of(sent) == [f"https://discord.com/channels/{GUILD}/{PICTURES}/5"] * 2
    assert jobs_of(await history(bot, user_id=ADA)) == []


async def test_pages_are_turned_by_buttons_back_and_forth(bot: Bot) -> None:
    ids = await drawn(bot, 12)
    first = await history(bot)
    assert jobs_of(first) == ids[:5]
    assert not [one for one in buttons_of(page_of(first)) if one.startswith("newer")]
    second = await turn(bot, first, "older")
    assert jobs_of(second) == ids[5:10]
    third = await turn(bot, second, "older")
    assert jobs_of(third) == ids[10:]
    assert not [one for one in buttons_of(page_of(third)) if one.startswith("older")]
    back = await turn(bot, third, "newer")
    assert jobs_of(back) == ids[5:10]
    assert jobs_of(await turn(bot, back, "newer")) == ids[:5]


async def test_pictures_that_their_author_deleted_are_not_shown(bot: Bot) -> None:
    [job_id] = await drawn(bot)
    message = (await bot.standin.interaction(job_id))["message_id"]
    row = {"type": 2, "style": 4, "label": "x", "custom_id": f"delete:{job_id}:0"}
    components = [{"type": 17, "components": [{"type": 1, "components": [row]}]}]
    original = f"{bot.standin.webhook_path(job_id)}/messages/@original"
    edited = await bot.standin.bot.patch(original, json={"components": components})
    edited.raise_for_status()
    asked = await bot.standin.send(
        message_id=message, custom_id=f"delete:{job_id}:0", user_id=BORIS
    )
    assert jobs_of(await history(bot)) == [job_id], "nothing is deleted yet"
    deleted = await bot.standin.send(modal=asked["interaction_id"], user_id=BORIS)
    assert deleted["outcome"] == "answered", deleted
    assert jobs_of(await history(bot)) == []


async def test_a_private_answer_has_no_link_and_goes_on_from_its_buttons(bot: Bot) -> None:
    [job_id] = await drawn(bot, options={"private": True})
    sent = await history(bot)
    assert links_of(sent) == []
    assert "Only you saw these" in text_of(page_of(sent))
    again = await bot.standin.send(
        message_id=sent["message_id"], custom_id=f"reroll:{job_id}:0", user_id=BORIS
    )
    assert is_ephemeral(again["response"]["data"])
    assert bot.queue.jobs[-1].private


async def test_pictures_of_a_server_are_drawn_again_from_direct_messages(bot: Bot) -> None:
    [job_id] = await drawn(bot)
    sent = await history(bot, guild_id=None, channel_id=None)
    assert jobs_of(sent) == [job_id]
    again = await bot.standin.send(
        message_id=sent["message_id"], custom_id=f"reroll:{job_id}:0", user_id=BORIS, guild_id=None
    )
    assert again["outcome"] == "answered", again
    assert bot.queue.jobs[-1].id == again["interaction_id"]
    assert bot.queue.jobs[-1].guild_id is None


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_a_full_page_with_the_longest_prompts_is_a_message_of_discords(
    bot: Bot, locale: str
) -> None:
    longest = {"prompt": "\U0001f525*" * 3000, "negative_prompt": "x" * 6000}
    await drawn(bot, 11, message="9" * 20, options=longest)
    first = await history(bot, locale=locale)
    second = await turn(bot, first, "older")
    components = list(walk(page_of(second)["components"]))
    assert len(components) == 35
    assert len(jobs_of(second)) == 5
