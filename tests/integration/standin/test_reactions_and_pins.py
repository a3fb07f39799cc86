"""Reactions, pins, bulk deletion, and the webhooks, members and roles of the guild."""

from typing import Any
from urllib.parse import quote

import pytest

from discord_stand_in.gateway_protocol import Intent
from tests.gateway_client import identified
from tests.standin_in_process import ADA, DM, GUILD, PICTURES, WEBHOOK, StandIn, running

pytestmark = pytest.mark.anyio

API = "/api/v10"
MESSAGES = f"{API}/channels/{PICTURES}/messages"
GUILD_PATH = f"{API}/guilds/{GUILD}"
EVERY_EVENT = int(sum(Intent) & ~(Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES))
EVERY_EVENT &= ~Intent.MESSAGE_CONTENT
THUMB = quote("👍")


async def post(standin: StandIn, content: str = "Hello") -> str:
    """Post a message as the bot; its id."""
    response = await standin.bot.post(MESSAGES, json={"content": content})
    return str(response.json()["id"])


async def status(standin: StandIn, method: str, path: str, **body: Any) -> tuple[int, int | None]:
    """The status and the error code of a request of the bot."""
    response = await standin.bot.request(method, path, json=body or None)
    return response.status_code, response.json()["code"] if response.is_error else None


async def test_a_bot_reacts_and_takes_it_back(standin: StandIn) -> None:
    async with identified(standin, EVERY_EVENT) as (client, _):
        path = f"{MESSAGES}/{await post(standin)}"
        reaction = f"{path}/reactions/{THUMB}"
        for _ in range(2):
            assert await status(standin, "PUT", f"{reaction}/@me") == (204, None)
        [shown] = (await standin.bot.get(path)).json()["reactions"]
        assert (shown["emoji"], shown["count"], shown["me"]) == (
            {"id": None, "name": "👍"},
            1,
            True,
        )
        [user] = (await standin.bot.get(reaction)).json()
        assert user["bot"]
        assert await status(standin, "DELETE", f"{reaction}/@me") == (204, None)
        assert await status(standin, "DELETE", f"{reaction}/{ADA}") == (400, 10014)
        assert "reactions" not in (await standin.bot.get(path)).json()
        added = await client.event("MESSAGE_REACTION_ADD")
        assert (added["guild_id"], added["emoji"]["name"]) == (GUILD, "👍")
        assert (await client.event("MESSAGE_REACTION_REMOVE"))["channel_id"] == PICTURES


async def test_reactions_are_removed_together(standin: StandIn) -> None:
    async with identified(standin, EVERY_EVENT) as (client, _):
        path = f"{MESSAGES}/{await post(standin)}/reactions"
        for emoji in ("👍", "❤️", "1️⃣"):
            assert await status(standin, "PUT", f"{path}/{quote(emoji)}/@me") == (204, None)
        assert await status(standin, "DELETE", f"{path}/{THUMB}") == (204, None)
        assert await status(standin, "DELETE", path) == (204, None)
        removed = await client.event("MESSAGE_REACTION_REMOVE_EMOJI")
        assert removed["emoji"]["name"] == "👍"
        await client.event("MESSAGE_REACTION_REMOVE_ALL")


@pytest.mark.parametrize("emoji", ["x", "thumb:1300000000000000009", "123", "👍" * 20])
async def test_what_is_no_emoji_is_refused(standin: StandIn, emoji: str) -> None:
    path = f"{MESSAGES}/{await post(standin)}/reactions/{quote(emoji)}/@me"
    assert await status(standin, "PUT", path) == (400, 10014)


async def test_a_message_has_at_most_twenty_emojis(standin: StandIn) -> None:
    path = f"{MESSAGES}/{await post(standin)}/reactions"
    emojis = [chr(0x1F600 + number) for number in range(21)]
    answers = [await status(standin, "PUT", f"{path}/{quote(one)}/@me") for one in emojis]
    assert set(answers[:20]) == {(204, None)}
    assert answers[20] == (400, 30010)


@pytest.mark.parametrize("pins", [f"{MESSAGES}/pins", f"{API}/channels/{PICTURES}/pins"])
async def test_a_message_is_pinned_and_unpinned(standin: StandIn, pins: str) -> None:
    async with identified(standin, EVERY_EVENT) as (client, _):
        message_id = await post(standin)
        assert await status(standin, "PUT", f"{pins}/{message_id}") == (204, None)
        page = (await standin.bot.get(f"{MESSAGES}/pins")).json()
        assert [one["message"]["id"] for one in page["items"]] == [message_id]
        assert page["items"][0]["message"]["pinned"]
        assert page["has_more"] is False
        [old] = (await standin.bot.get(f"{API}/channels/{PICTURES}/pins")).json()
        assert old["id"] == message_id
        assert await status(standin, "DELETE", f"{pins}/{message_id}") == (204, None)
        assert (await standin.bot.get(f"{MESSAGES}/pins")).json()["items"] == []
        assert (await client.event("CHANNEL_PINS_UPDATE"))["last_pin_timestamp"]
        assert (await client.event("CHANNEL_PINS_UPDATE"))["last_pin_timestamp"] is None


async def test_messages_are_deleted_together(standin: StandIn) -> None:
    async with identified(standin, EVERY_EVENT) as (client, _):
        ids = [await post(standin) for _ in range(2)]
        path = f"{MESSAGES}/bulk-delete"
        assert await status(standin, "POST", path, messages=ids) == (204, None)
        assert (await standin.bot.get(MESSAGES)).json() == []
        # One event for all of them, and none for each.
        client.write(1)
        names = []
        while (payload := await client.read())["op"] != 11:
            names.append(payload["t"])
        assert names[-1] == "MESSAGE_DELETE_BULK"
        assert "MESSAGE_DELETE" not in names
    assert await status(standin, "POST", path, messages=ids[:1]) == (400, 50035)
    assert await status(standin, "POST", path, messages=["1", "2"]) == (400, 50034)
    in_dm = f"{API}/channels/{DM}/messages/bulk-delete"
    assert await status(standin, "POST", in_dm, messages=ids) == (400, 50003)


async def test_a_webhook_is_renamed_and_deleted(standin: StandIn) -> None:
    async with identified(standin, EVERY_EVENT) as (client, _):
        by_id = WEBHOOK.rsplit("/", 1)[0]
        renamed = await standin.http.patch(WEBHOOK, json={"name": "By token", "channel_id": DM})
        assert (renamed.json()["name"], renamed.json()["channel_id"]) == ("By token", PICTURES)
        assert (await standin.bot.patch(by_id, json={"name": "By id"})).json()["name"] == "By id"
        assert await status(standin, "PATCH", by_id, channel_id="1") == (404, 10003)
        [listed] = (await standin.bot.get(f"{GUILD_PATH}/webhooks")).json()
        assert listed["name"] == "By id"
        assert (await standin.http.delete(WEBHOOK)).status_code == 204
        assert await status(standin, "DELETE", by_id) == (404, 10015)
        assert (await client.event("WEBHOOKS_UPDATE"))["channel_id"] == PICTURES


async def test_the_guild_has_members_roles_threads_and_no_emojis(standin: StandIn) -> None:
    async def get(path: str) -> Any:
        return (await standin.bot.get(path)).json()

    guild = await get(GUILD_PATH)
    assert "afk_channel_id" in guild
    roles = await get(f"{GUILD_PATH}/roles")
    assert [(role["hoist"], role["colors"]["primary_color"]) for role in roles[:2]] == [
        (False, 0),
        (False, 15105570),
    ]
    assert (await get(f"{GUILD_PATH}/roles/{roles[1]['id']}"))["name"] == "Curator"
    assert len(await get(f"{GUILD_PATH}/members?limit=9")) == 4
    assert len(await get(f"{GUILD_PATH}/members?limit=9&after={ADA}")) == 3
    [found] = await get(f"{GUILD_PATH}/members/search?query=ad&limit=5")
    assert found["user"]["id"] == ADA
    assert (await get(f"{GUILD_PATH}/members/{ADA}"))["user"]["username"] == "ada"
    [thread] = (await get(f"{GUILD_PATH}/threads/active"))["threads"]
    assert (thread["owner_id"], thread["member_count"]) == (ADA, 1)
    assert await get(f"{GUILD_PATH}/emojis") == []
    assert [one["id"] for one in await get(f"{API}/users/@me/guilds")] == [GUILD]
    assert await get(f"{API}/users/@me/guilds?after={GUILD}") == []
    assert await get(f"{API}/users/@me/guilds?before={GUILD}") == []
    members = len(await get(f"{API}/guilds/{GUILD}/members?limit=1000"))
    [counted] = await get(f"{API}/users/@me/guilds?with_counts=true")
    whole = await get(f"{API}/guilds/{GUILD}?with_counts=true")
    assert counted["approximate_member_count"] == whole["approximate_member_count"] == members
    assert (await get(f"{API}/users/@me/guilds/{GUILD}/member"))["user"]["bot"]
    assert await status(standin, "GET", f"{GUILD_PATH}/members/1") == (404, 10007)
    assert await status(standin, "GET", f"{GUILD_PATH}/roles/1") == (404, 10011)


async def test_permissions_of_commands_are_no_command(standin: StandIn) -> None:
    path = f"{API}/applications/{standin.backend.application.id}/guilds/{GUILD}/commands"
    assert (await standin.bot.get(f"{path}/permissions")).json() == []
    assert await status(standin, "GET", f"{path}/1/permissions") == (404, 10066)
    assert await status(standin, "PUT", f"{path}/1/permissions", permissions=[]) == (403, 20001)


async def test_channels_and_roles_that_come_and_go_are_dispatched(standin: StandIn) -> None:
    async with identified(standin, EVERY_EVENT) as (client, _):

        async def make(path: str, **body: Any) -> str:
            made = await standin.http.post(f"/control/{path}", json=body)
            return str(made.json()["id"])

        channel = await make("channels", type=0, name="new")
        thread = await make("channels", type=11, name="post", parent_id=PICTURES)
        role = await make("roles", name="Guest")
        for path in (f"channels/{thread}", f"channels/{channel}", f"roles/{role}"):
            await standin.http.delete(f"/control/{path}")
        assert (await client.event("CHANNEL_CREATE"))["id"] == channel
        assert (await client.event("THREAD_CREATE"))["newly_created"] is True
        assert (await client.event("GUILD_ROLE_CREATE"))["role"]["id"] == role
        assert (await client.event("THREAD_DELETE"))["parent_id"] == PICTURES
        assert (await client.event("CHANNEL_DELETE"))["id"] == channel
        assert (await client.event("GUILD_ROLE_DELETE"))["role_id"] == role


async def test_a_form_without_files_may_be_url_encoded(standin: StandIn) -> None:
    form = {"payload_json": '{"content": "a & b"}'}
    posted = await standin.bot.post(MESSAGES, data=form)
    assert posted.json()["content"] == "a & b"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("DiscordBot (https://x.test, 1.0)", 200),
        ("DiscordBot (https://x.test 1.0)", 200),
        ("DiscordBot (https://x.test 5.16 Python/3.11) aiohttp/3", 200),
        ("DiscordBot (https://x.test)", 403),
        ("python-httpx/0.28", 403),
    ],
)
async def test_the_agent_names_an_address_and_a_version(
    standin: StandIn, agent: str, expected: int
) -> None:
    answer = await standin.bot.get(f"{API}/users/@me", headers={"User-Agent": agent})
    assert answer.status_code == expected


async def test_a_callback_does_not_name_its_bucket() -> None:
    async with running(rate_limits=True) as standin:
        answer = await standin.http.post(f"{API}/interactions/1/x/callback", json={"type": 1})
    assert "x-ratelimit-limit" in answer.headers
    assert "x-ratelimit-bucket" not in answer.headers
