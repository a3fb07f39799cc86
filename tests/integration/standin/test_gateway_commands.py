"""What an identified client asks for over the Gateway, and what it is told of messages."""

from typing import Any

import pytest

from discord_stand_in.gateway_protocol import LIMITED_FLAGS, Intent
from tests.gateway_client import GatewayClient, identified
from tests.standin_in_process import ADA, BORIS, DM, GUILD, PICTURES, StandIn

pytestmark = pytest.mark.anyio

API = "/api/v10"
PRESENCE, VOICE, MEMBERS, SOUNDS = 3, 4, 8, 31


async def members(client: GatewayClient, **request: Any) -> dict[str, Any]:
    """The members that a client asks for."""
    client.write(MEMBERS, {"guild_id": GUILD, "nonce": "n"} | request)
    chunk = await client.event("GUILD_MEMBERS_CHUNK")
    assert (chunk["guild_id"], chunk["nonce"], chunk["chunk_count"]) == (GUILD, "n", 1)
    return chunk


async def answers_nothing(client: GatewayClient) -> bool:
    """Whether nothing but the acknowledgement of a heartbeat comes."""
    client.write(1)
    return (await client.read())["op"] == 11


async def test_members_are_found_by_prefix_and_by_id(standin: StandIn) -> None:
    async with identified(standin, intents=0) as (client, _):
        found = await members(client, query="bo", limit=5)
        assert [one["user"]["id"] for one in found["members"]] == [BORIS]
        chosen = await members(client, user_ids=[ADA, "1"])
        assert [one["user"]["id"] for one in chosen["members"]] == [ADA]
        assert chosen["not_found"] == ["1"]


async def test_all_members_need_the_privileged_intent(standin: StandIn) -> None:
    async with identified(standin, intents=0) as (client, _):
        client.write(MEMBERS, {"guild_id": GUILD, "query": "", "limit": 0})
        assert await answers_nothing(client)
    await standin.bot.patch(f"{API}/applications/@me", json={"flags": LIMITED_FLAGS})
    async with identified(standin, int(Intent.GUILD_MEMBERS)) as (client, _):
        assert len((await members(client, query="", limit=0))["members"]) == 4


async def test_a_bot_joins_a_voice_channel_alone(standin: StandIn) -> None:
    body = {"type": 2, "name": "stage"}
    channel = (await standin.http.post("/control/channels", json=body)).json()["id"]
    async with identified(standin, int(Intent.GUILD_VOICE_STATES)) as (client, ready):
        client.write(VOICE, {"guild_id": GUILD, "channel_id": PICTURES})
        assert await answers_nothing(client)
        client.write(VOICE, {"guild_id": GUILD, "channel_id": channel, "self_mute": True})
        state = await client.event("VOICE_STATE_UPDATE")
        assert (state["channel_id"], state["self_mute"]) == (channel, True)
        assert state["session_id"] == ready["session_id"]


async def test_presences_are_taken_and_soundboards_are_empty(standin: StandIn) -> None:
    async with identified(standin, intents=0) as (client, _):
        client.write(PRESENCE, {"since": None, "activities": [], "status": "dnd", "afk": False})
        assert await answers_nothing(client)
        client.write(SOUNDS, {"guild_ids": [GUILD, "1"]})
        sounds = await client.event("SOUNDBOARD_SOUNDS")
        assert sounds == {"guild_id": GUILD, "soundboard_sounds": []}


async def test_messages_are_told_from_their_creation_to_their_end(standin: StandIn) -> None:
    async with identified(standin) as (client, _):
        path = f"{API}/channels/{PICTURES}/messages"
        message_id = (await standin.bot.post(path, json={"content": "a"})).json()["id"]
        await standin.bot.patch(f"{path}/{message_id}", json={"content": "b"})
        await standin.bot.delete(f"{path}/{message_id}")
        assert (await client.event("MESSAGE_CREATE"))["content"] == "a"
        assert (await client.event("MESSAGE_UPDATE"))["content"] == "b"
        gone = {"id": message_id, "channel_id": PICTURES, "guild_id": GUILD}
        assert await client.event("MESSAGE_DELETE") == gone


async def test_direct_and_ephemeral_messages_need_the_intent_for_them(standin: StandIn) -> None:
    in_dm = int(Intent.DIRECT_MESSAGES | Intent.DIRECT_MESSAGE_TYPING)
    async with identified(standin, in_dm) as (client, _):
        await standin.bot.post(f"{API}/channels/{DM}/typing")
        assert (await client.event("TYPING_START"))["channel_id"] == DM
        await standin.answered_interaction(content="Only you", flags=64)
        told = await client.event("MESSAGE_CREATE")
        assert (told["content"], told["flags"]) == ("Only you", 64)
        assert "guild_id" not in told


async def test_the_content_of_others_needs_the_privileged_intent(standin: StandIn) -> None:
    async with identified(standin) as (client, _):
        hook = standin.backend.directory.webhooks
        webhook = next(iter(hook.values()))
        path = f"{API}/webhooks/{webhook.id}/{webhook.token}"
        await standin.http.post(path, json={"content": "from elsewhere"})
        assert (await client.event("MESSAGE_CREATE"))["content"] == ""
        bot = standin.backend.application.id
        await standin.http.post(path, json={"content": f"<@{bot}>"})
        assert (await client.event("MESSAGE_CREATE"))["content"] == f"<@{bot}>"


async def test_an_entitlement_that_is_used_up_is_told(standin: StandIn) -> None:
    async with identified(standin, intents=0) as (client, _):
        sku = await standin.http.post("/control/skus", json={"name": "x", "type": 3})
        body = {"sku_id": sku.json()["id"]}
        bought = (await standin.http.post("/control/entitlements", json=body)).json()
        path = f"{API}/applications/{standin.backend.application.id}/entitlements/{bought['id']}"
        await standin.bot.post(f"{path}/consume")
        assert (await client.event("ENTITLEMENT_UPDATE"))["consumed"] is True
