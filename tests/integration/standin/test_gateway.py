"""The Gateway: sessions start, beat, end and go on, and each gets the events that it asked for."""

import asyncio
from typing import Any

import pytest

from discord_stand_in.gateway import connection
from discord_stand_in.gateway_protocol import LIMITED_FLAGS, Intent
from tests.gateway_client import (
    GUILD_INTENTS,
    GatewayClient,
    GatewayClosedError,
    connected,
    identified,
)
from tests.standin_in_process import GUILD, PICTURES, StandIn, message

pytestmark = pytest.mark.anyio

API = "/api/v10"


@pytest.fixture(autouse=True)
def no_endpoint(standin: StandIn) -> None:
    """The application has no endpoint, so its interactions come over the Gateway."""
    standin.backend.endpoint.url = None


async def respond(standin: StandIn, interaction: dict[str, Any], **data: Any) -> None:
    """Answer an interaction by URL."""
    path = f"{API}/interactions/{interaction['id']}/{interaction['token']}/callback"
    response = await standin.http.post(path, json=message(**data))
    assert response.status_code == 204, response.text


async def test_the_address_needs_no_token_and_the_limits_do(standin: StandIn) -> None:
    assert (await standin.http.get(f"{API}/gateway")).json() == {"url": "ws://standin.test"}
    assert (await standin.http.get(f"{API}/gateway/bot")).status_code == 401
    body = (await standin.bot.get(f"{API}/gateway/bot")).json()
    limit = body["session_start_limit"]
    assert (body["shards"], limit["total"], limit["remaining"]) == (1, 1000, 1000)
    assert limit["max_concurrency"] == 1


async def test_a_session_starts_with_ready_and_its_guild(standin: StandIn) -> None:
    async with identified(standin) as (client, ready):
        assert ready["guilds"] == [{"id": GUILD, "unavailable": True}]
        assert ready["resume_gateway_url"] == "ws://standin.test"
        assert ready["application"] == {"id": standin.backend.application.id, "flags": 0}
        guild = await client.event("GUILD_CREATE")
        assert (client.sequence, guild["id"], guild["member_count"]) == (2, GUILD, 4)
        # Without privileged intents a bot knows of no member but itself.
        assert [one["user"]["bot"] for one in guild["members"]] == [True]
        assert PICTURES in [channel["id"] for channel in guild["channels"]]
        assert all("owner_id" in thread for thread in guild["threads"])


async def test_a_heartbeat_is_acknowledged_even_before_identify(standin: StandIn) -> None:
    async with connected(standin) as client:
        hello = await client.read()
        assert hello["d"] == {"heartbeat_interval": 41_250}
        client.write(1)
        assert (await client.read())["op"] == 11


async def test_a_client_without_heartbeats_is_closed_and_may_resume(standin: StandIn) -> None:
    async with identified(standin) as (client, ready):
        standin.clock.offset += 62
        assert await client.close_code() == 4000
    async with connected(standin) as again:
        again.resume(ready["session_id"], 2)
        assert await again.event("RESUMED")


async def test_an_interaction_goes_over_the_gateway_and_is_answered_by_url(
    standin: StandIn,
) -> None:
    async with identified(standin, intents=0) as (client, _):
        sending = asyncio.create_task(standin.send())
        interaction = await client.event("INTERACTION_CREATE")
        assert interaction["guild_id"] == GUILD
        await respond(standin, interaction, content="Done")
        assert (await sending)["outcome"] == "answered"


async def test_an_interaction_with_an_endpoint_does_not_go_over_the_gateway(
    standin: StandIn,
) -> None:
    async with identified(standin) as (client, _):
        standin.backend.endpoint.url = "http://application.test/interactions"
        assert (await standin.send())["outcome"] == "answered"
        client.write(1)
        names = [(await client.read())["t"] for _ in range(3)]
    assert names == ["GUILD_CREATE", "MESSAGE_CREATE", None]
    assert len(standin.application.payloads) == 1


async def test_an_interaction_that_nobody_answers_times_out(standin: StandIn) -> None:
    standin.backend.limits = type(standin.backend.limits)(answer_seconds=0.01)
    async with identified(standin):
        sent = await standin.send()
    assert (sent["outcome"], sent["notice"]) == ("timeout", "The application did not respond")


async def test_without_endpoint_and_session_an_interaction_fails(standin: StandIn) -> None:
    sent = await standin.send()
    assert sent["outcome"] == "error"
    assert "no session of the Gateway" in sent["error"]


async def test_a_resumed_session_gets_what_it_missed_in_order(standin: StandIn) -> None:
    async with identified(standin) as (client, ready):
        await client.event("GUILD_CREATE")
        assert (await standin.http.post("/control/gateway/close", json={})).status_code == 200
        assert await client.close_code() == 4000
    sending = asyncio.create_task(standin.send())
    [session] = standin.backend.sessions.all()
    while session.sequence < 3:
        await asyncio.sleep(0)
    async with connected(standin) as again:
        await again.read()
        again.resume(ready["session_id"], 2)
        interaction = await again.event("INTERACTION_CREATE")
        assert again.sequence == 3
        await again.event("RESUMED")
        await respond(standin, interaction)
        assert (await sending)["outcome"] == "answered"
        assert (await again.event("MESSAGE_CREATE"))["guild_id"] == GUILD


async def test_a_client_that_says_goodbye_ends_its_session(standin: StandIn) -> None:
    async with identified(standin) as (client, ready):
        client.disconnect(1000)
    async with connected(standin) as again:
        await again.read()
        again.resume(ready["session_id"], 1)
        assert await again.read() == {"op": 9, "d": False, "s": None, "t": None}


async def test_a_client_that_reads_no_more_is_left(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.05)
    async with identified(standin) as (client, ready):
        session = standin.backend.sessions.find(ready["session_id"])
        assert session is not None
        client.takes.clear()
        for _ in range(3):
            client.write(1)
        async with asyncio.timeout(10):
            while session.connection is not None:
                await asyncio.sleep(0.01)
    assert session.disconnected_at is not None


async def test_a_session_can_be_resumed_for_three_minutes(standin: StandIn) -> None:
    async with identified(standin) as (_, ready):
        pass
    standin.clock.offset += 181
    assert standin.backend.sessions.find(ready["session_id"]) is None


async def test_a_sequence_that_was_never_reached_is_refused(standin: StandIn) -> None:
    async with identified(standin) as (_, ready):
        pass
    async with connected(standin) as again:
        again.resume(ready["session_id"], 99)
        assert await again.close_code() == 4007


async def test_a_resume_takes_the_session_from_its_old_connection(standin: StandIn) -> None:
    async with identified(standin) as (old, ready), connected(standin) as new:
        new.resume(ready["session_id"], 2)
        await new.event("RESUMED")
        assert await old.close_code() == 4000
        assert await _messages_after_a_post(standin, new) == ["MESSAGE_CREATE"]


@pytest.mark.parametrize(
    ("act", "body", "expected"),
    [
        ("reconnect", {}, {"op": 7, "d": None}),
        ("invalidate", {}, {"op": 9, "d": False}),
        ("invalidate", {"may_resume": True}, {"op": 9, "d": True}),
    ],
)
async def test_the_control_api_ends_sessions(
    standin: StandIn, act: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    async with identified(standin) as (client, ready):
        await client.event("GUILD_CREATE")
        chosen = {"session_id": ready["session_id"]} | body
        done = await standin.http.post(f"/control/gateway/{act}", json=chosen)
        assert done.json() == {"sessions": [ready["session_id"]]}
        assert await client.read() == expected | {"s": None, "t": None}
        # The same connection may identify again.
        if act == "invalidate":
            client.identify()
            assert (await client.event("READY"))["session_id"] != ready["session_id"]
    listed = (await standin.http.get("/control/gateway")).json()["sessions"]
    may_still_resume = ready["session_id"] in [one["id"] for one in listed]
    assert may_still_resume == (expected["d"] is not False)


async def test_the_control_api_names_an_unknown_session(standin: StandIn) -> None:
    body = {"session_id": "none"}
    assert (await standin.http.post("/control/gateway/close", json=body)).status_code == 404
    refused = await standin.http.post("/control/gateway/close", json={"code": 4999})
    assert "4000, 4001" in refused.json()["error"]


async def _close_code(client: GatewayClient) -> int:
    await client.read()
    return await client.close_code()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no json", 4002),
        ("[]", 4002),
        ('{"op": "1"}', 4002),
        ('{"op": true}', 4002),
        ('{"op": 1, "d": "x"}', 4002),
        ('{"op": 1, "d": null, "x": "' + "x" * 4096 + '"}', 4002),
        ('{"op": 99}', 4001),
        ('{"op": 0}', 4001),
        ('{"op": 10}', 4001),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 2, "d": {}}', 4002),
        ('{"op": 6, "d": {}}', 4002),
    ],
)
async def test_a_frame_that_breaks_a_rule_closes_the_connection(
    standin: StandIn, text: str, code: int
) -> None:
    async with connected(standin) as client:
        client.write_text(text)
        assert await _close_code(client) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"token": ""}, 4004),
        ({"shard": [1, 1]}, 4010),
        ({"shard": [-1, 1]}, 4010),
        ({"shard": [0]}, 4010),
        ({"intents": 1 << 26}, 4013),
        ({"intents": -1}, 4013),
        ({"intents": 1 << 1}, 4014),
        ({"intents": 1 << 15}, 4014),
        ({"intents": "1"}, 4002),
        ({"large_threshold": 1}, 4002),
        ({"presence": {"status": "asleep"}}, 4002),
    ],
)
async def test_an_identify_that_does_not_fit_is_refused(
    standin: StandIn, changes: dict[str, Any], code: int
) -> None:
    async with connected(standin) as client:
        client.identify(**changes)
        assert await _close_code(client) == code


async def test_a_second_identify_is_refused(standin: StandIn) -> None:
    async with identified(standin) as (client, _):
        client.identify()
        assert await client.close_code() == 4005


@pytest.mark.parametrize(
    ("query", "code"), [("v=8", 4012), ("encoding=etf", 4002), ("compress=zstd-stream", 4002)]
)
async def test_a_connection_of_another_kind_is_refused(
    standin: StandIn, query: str, code: int
) -> None:
    async with connected(standin, query) as client:
        with pytest.raises(GatewayClosedError) as closed:
            await client.read()
    assert closed.value.code == code


async def test_privileged_intents_need_flags_that_the_application_sets(standin: StandIn) -> None:
    everything = {"flags": 2**31 - 1}
    edited = await standin.bot.patch(f"{API}/applications/@me", json=everything)
    assert edited.json()["flags"] == LIMITED_FLAGS
    privileged = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.GUILDS
    async with identified(standin, int(privileged)) as (client, _):
        assert len((await client.event("GUILD_CREATE"))["members"]) == 4


async def test_transport_compression_is_one_stream(standin: StandIn) -> None:
    async with connected(standin, "v=10&encoding=json&compress=zlib-stream") as client:
        assert (await client.read())["op"] == 10
        client.identify()
        assert (await client.event("GUILD_CREATE"))["id"] == GUILD


async def _messages_after_a_post(standin: StandIn, client: GatewayClient) -> list[str]:
    """The events of messages that a client gets when the bot posts one."""
    path = f"{API}/channels/{PICTURES}/messages"
    assert (await standin.bot.post(path, json={"content": "Hello"})).status_code == 200
    client.write(1)
    names = []
    while (payload := await client.read())["op"] != 11:
        names.append(payload["t"])
    return [name for name in names if name.startswith("MESSAGE")]


@pytest.mark.parametrize(
    ("intents", "expected"), [(GUILD_INTENTS, ["MESSAGE_CREATE"]), (1, []), (1 << 12, [])]
)
async def test_a_session_gets_the_events_of_its_intents_alone(
    standin: StandIn, intents: int, expected: list[str]
) -> None:
    async with identified(standin, intents) as (client, _):
        assert await _messages_after_a_post(standin, client) == expected


async def test_a_shard_gets_its_guilds_and_the_first_the_direct_messages(standin: StandIn) -> None:
    of_guild = (int(GUILD) >> 22) % 4
    other = (of_guild + 1) % 4
    async with identified(standin, shard=[other, 4]) as (client, ready):
        assert ready["guilds"] == []
        assert await _messages_after_a_post(standin, client) == []
    async with identified(standin, shard=[of_guild, 4]) as (client, ready):
        assert len(ready["guilds"]) == 1
        assert await _messages_after_a_post(standin, client) == ["MESSAGE_CREATE"]


async def test_a_foreign_page_cannot_open_the_gateway(standin: StandIn) -> None:
    async with connected(standin, origin="https://elsewhere.test") as client:
        assert client.is_refused
    async with connected(standin, host="elsewhere.test") as client:
        assert client.is_refused
