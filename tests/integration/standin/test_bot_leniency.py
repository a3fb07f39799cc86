"""What Discord may leave out of an interaction, send as null or add changes nothing.

https://docs.discord.com/developers/reference#nullable-and-optional-resource-fields
"""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.jobs.job import Job
from fixtures.discord.signing import encode, sign
from tests.standin_bot import Bot, running_bot
from tests.standin_in_process import BORIS, PICTURES

pytestmark = pytest.mark.anyio

OPTIONAL = (
    "app_permissions", "authorizing_integration_owners", "channel", "channel_id", "context",
    "entitlements", "guild", "guild_locale", "version",
    "channel.flags", "channel.guild_id", "channel.last_message_id", "channel.name",
    "channel.nsfw", "channel.parent_id", "channel.permissions", "channel.position",
    "channel.rate_limit_per_user", "channel.topic", "channel.type",
    "member.avatar", "member.banner", "member.communication_disabled_until", "member.deaf",
    "member.flags", "member.joined_at", "member.mute", "member.nick", "member.pending",
    "member.permissions", "member.premium_since", "member.roles",
    "member.unusual_dm_activity_until",
    "member.user.avatar", "member.user.avatar_decoration_data", "member.user.clan",
    "member.user.collectibles", "member.user.discriminator", "member.user.global_name",
    "member.user.primary_guild", "member.user.public_flags", "member.user.username",
    "data.type", "data.id",
    "data.resolved.attachments.*.content_type", "data.resolved.attachments.*.ephemeral",
    "data.resolved.attachments.*.height", "data.resolved.attachments.*.placeholder_version",
    "data.resolved.attachments.*.proxy_url", "data.resolved.attachments.*.size",
    "data.resolved.attachments.*.width", "data.resolved.attachments.*.content_scan_version",
    "data.resolved.attachments.*.filename", "data.resolved.attachments.*.id",
)  # fmt: skip
"""All that a picture does not need; `channel` and `channel_id` each say what the other says."""


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """The bot behind a stand-in."""
    async with running_bot() as running:
        yield running


async def sent_payload(bot: Bot) -> dict[str, Any]:
    """An interaction of the stand-in with all that it knows."""
    red = bytes.fromhex("89504e470d0a1a0a")
    made = await bot.standin.http.post(
        "/control/attachments?filename=a.png", content=red, headers={"Content-Type": "image/png"}
    )
    options = {"prompt": "a star", "seed": 7, "image": made.json()["id"]}
    # The language of the server is Boris's here: without it, the answer has his.
    assert await bot.imagine(PICTURES, options=options, user_id=BORIS, locale="en-US")
    payload: dict[str, Any] = bot.standin.application.payloads[-1]
    return payload


async def job_of(bot: Bot, payload: dict[str, Any]) -> Job | None:
    """The job of a payload that Discord signs, without what is its own; None if it is refused."""
    payload = payload | {"id": bot.standin.backend.snowflakes.next()}
    bot.queue.jobs.clear()  # a worker is quick
    event = {"headers": sign(encode(payload)), "body": encode(payload).decode()}
    answer = bot.handlers.answer_event(event)
    assert answer["statusCode"] == 200, answer
    assert json.loads(answer["body"])["type"] == 4
    return replace(bot.queue.jobs[0], id="1") if bot.queue.jobs else None


def parents(payload: Any, path: list[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects in which the last part of a path is; `*` stands for each key."""
    first, *rest = path
    if not rest:
        yield payload, first
        return
    for key in list(payload) if first == "*" else [first]:
        yield from parents(payload[key], rest)


async def test_what_may_be_missing_may_be_missing_or_null(bot: Bot) -> None:
    payload = await sent_payload(bot)
    expected = await job_of(bot, payload)
    assert expected
    assert expected.parameters.source
    for path in OPTIONAL:
        for is_null in (False, True):
            changed = copy.deepcopy(payload)
            for holder, name in parents(changed, path.split(".")):
                if is_null:
                    holder[name] = None
                else:
                    holder.pop(name, None)
            assert await job_of(bot, changed) == expected, (path, is_null)


async def test_what_is_added_is_passed_over(bot: Bot) -> None:
    payload = await sent_payload(bot)
    expected = await job_of(bot, payload)

    def grown(value: Any) -> Any:
        if isinstance(value, list):
            return [grown(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {name: grown(one) for name, one in value.items()} | {"later": {"flags": [1, None]}}

    assert await job_of(bot, grown(payload)) == expected


async def test_what_is_not_resolved_is_refused_with_a_reason(bot: Bot) -> None:
    payload = await sent_payload(bot)
    for resolved in ({}, {"attachments": {}}, None, {"attachments": None}):
        changed = copy.deepcopy(payload)
        changed["data"]["resolved"] = resolved
        assert await job_of(bot, changed) is None
