"""Users, channels and messages as a bot sees them."""

from typing import Any

import pytest

from tests.standin_in_process import (
    ADA,
    BORIS,
    DM,
    GUILD,
    PICTURES,
    WEBHOOK,
    StandIn,
    multipart,
)

pytestmark = pytest.mark.anyio

API = "/api/v10"
MESSAGES = f"{API}/channels/{PICTURES}/messages"


async def test_a_bot_can_read_users_the_guild_and_its_channels(standin: StandIn) -> None:
    assert (await standin.bot.get(f"{API}/users/@me")).json()["bot"] is True
    assert (await standin.bot.get(f"{API}/users/{BORIS}")).json()["username"] == "boris"
    assert (await standin.bot.get(f"{API}/guilds/{GUILD}")).json()["name"] == "The Studio"
    channels = (await standin.bot.get(f"{API}/guilds/{GUILD}/channels")).json()
    assert [channel["nsfw"] for channel in channels] == [False, True]
    opened = await standin.bot.post(f"{API}/users/@me/channels", json={"recipient_id": ADA})
    assert opened.json()["id"] == DM


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{API}/users/5", 404, 10013),
        (f"{API}/guilds/5", 404, 10004),
        (f"{API}/channels/5", 404, 10003),
        (f"{API}/channels/five", 400, 50035),
        (f"{MESSAGES}/5", 404, 10008),
        (f"{MESSAGES}?limit=0", 400, 50035),
        (f"{MESSAGES}?limit=101", 400, 50035),
        (f"{MESSAGES}?before=x", 400, 50035),
        (f"{API}/nothing/here", 404, 0),
    ],
)
async def test_an_unknown_object_gets_discords_error_code(
    standin: StandIn, path: str, status: int, code: int
) -> None:
    response = await standin.bot.get(path)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_method_that_a_route_lacks_gets_405(standin: StandIn) -> None:
    response = await standin.bot.put(f"{API}/users/@me")
    assert response.json() == {"message": "405: Method Not Allowed", "code": 0}


async def ids(standin: StandIn, query: str = "") -> list[str]:
    """A page of message ids."""
    page = (await standin.bot.get(f"{MESSAGES}{query}")).json()
    return [message["id"] for message in page]


async def test_messages_are_paged_newest_first(standin: StandIn) -> None:
    made: list[str] = []
    for n in range(5):
        standin.clock.offset += 10  # Equal distances, however slow the machine is.
        response = await standin.bot.post(MESSAGES, json={"content": str(n)})
        made.append(response.json()["id"])
    newest = made[::-1]
    assert await ids(standin) == newest
    assert await ids(standin, "?limit=2") == newest[:2]
    assert await ids(standin, f"?before={made[2]}&limit=1") == [made[1]]
    assert await ids(standin, f"?after={made[2]}&limit=1") == [made[3]]
    assert await ids(standin, f"?around={made[2]}&limit=3") == newest[1:4]


async def test_a_bot_creates_edits_and_deletes_a_message(standin: StandIn) -> None:
    made = await standin.bot.post(MESSAGES, files=multipart({"content": "x"}, ("a.png", b"x")))
    path = f"{MESSAGES}/{made.json()['id']}"
    edited = await standin.bot.patch(path, json={"content": "y"})
    assert (edited.json()["content"], len(edited.json()["attachments"])) == ("y", 1)
    reply: dict[str, Any] = {"message_reference": {"message_id": made.json()["id"]}}
    assert (await standin.bot.post(MESSAGES, json=reply | {"content": "r"})).json()["type"] == 19
    assert (await standin.bot.delete(path)).status_code == 204
    assert (await standin.bot.get(path)).json()["code"] == 10008


async def test_a_bot_cannot_edit_the_message_of_another_author(standin: StandIn) -> None:
    made = await standin.http.post(f"{WEBHOOK}?wait=true", json={"content": "x"})
    response = await standin.bot.patch(f"{MESSAGES}/{made.json()['id']}", json={"content": "y"})
    assert (response.status_code, response.json()["code"]) == (403, 50005)


async def test_a_channels_messages_do_not_include_ephemeral_ones(standin: StandIn) -> None:
    await standin.answered_interaction(flags=64)
    message_id = standin.backend.interactions.all()[-1].message_id
    assert await ids(standin) == []
    assert (await standin.bot.get(f"{MESSAGES}/{message_id}")).json()["code"] == 10008


async def test_a_bot_creates_a_webhook_that_can_be_executed(standin: StandIn) -> None:
    made = await standin.bot.post(f"{API}/channels/{PICTURES}/webhooks", json={"name": "New"})
    hook = f"{API}/webhooks/{made.json()['id']}/{made.json()['token']}"
    assert (await standin.http.post(f"{hook}?wait=1", json={"content": "x"})).status_code == 200
    listed = (await standin.bot.get(f"{API}/channels/{PICTURES}/webhooks")).json()
    assert len(listed) == 2


async def test_typing_is_published_as_an_event(standin: StandIn) -> None:
    assert (await standin.bot.post(f"{API}/channels/{PICTURES}/typing")).status_code == 204
    assert [event.name for event in standin.backend.events.latest][:1] == ["typing"]


@pytest.mark.parametrize("agent", ["", "curl/8", "DiscordBot", "DiscordBot (https://x.test)"])
async def test_a_user_agent_of_the_wrong_form_is_refused(standin: StandIn, agent: str) -> None:
    response = await standin.bot.get(f"{API}/users/@me", headers={"User-Agent": agent})
    assert (response.status_code, response.json()["code"]) == (403, 40333)


async def test_a_path_with_a_token_accepts_any_user_agent_but_an_empty_one(
    standin: StandIn,
) -> None:
    for agent, status in (("Python/3.11 aiohttp/3.14", 200), ("", 403)):
        response = await standin.http.get(WEBHOOK, headers={"User-Agent": agent})
        assert response.status_code == status


@pytest.mark.parametrize(
    "token", ["", "Bot wrong", "Bearer MTIwMDAwMDAwMDAwMDAwMDAwMQ.fixture.bot-token-not-a-secret"]
)
async def test_a_wrong_bot_token_gets_401(standin: StandIn, token: str) -> None:
    response = await standin.http.get(f"{API}/users/@me", headers={"Authorization": token})
    assert (response.status_code, response.json()["code"]) == (401, 0)


@pytest.mark.parametrize(
    ("extra", "field", "said"),
    [
        ({"poll": {"question": {}}}, "poll", "polls"),
        ({"sticker_ids": ["1"]}, "sticker_ids", "stickers"),
        ({"flags": 1 << 13}, "flags", "voice messages"),
        (
            {"message_reference": {"type": 1, "message_id": "1", "channel_id": PICTURES}},
            "message_reference",
            "forwarded messages",
        ),
    ],
)
async def test_what_the_stand_in_lacks_of_messages_is_refused_by_name(
    standin: StandIn, extra: dict[str, Any], field: str, said: str
) -> None:
    refused = await standin.bot.post(MESSAGES, json={"content": "x"} | extra)
    assert refused.status_code == 400
    [error] = refused.json()["errors"][field]["_errors"]
    assert error["message"] == f"The stand-in has no {said}."
