"""The Gateway's limits, and arbitrary frames: each is acted on, or closes with a defined code."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discord_stand_in.gateway_protocol import CLOSE_CODES, UNKNOWN_ERROR
from tests.gateway_client import (
    GUILD_INTENTS,
    GatewayClient,
    GatewayClosedError,
    connected,
    identified,
)
from tests.standin_in_process import ADA, GUILD, StandIn, StillClock, running

FRAMES = int(os.environ.get("GATEWAY_FRAMES", "250"))
"""How many frames one run of the test sends."""
_BATCH = 25
_DEFINED = {code.number for code in CLOSE_CODES} - {UNKNOWN_ERROR.number}


@pytest.fixture
async def limited() -> AsyncIterator[StandIn]:
    """A stand-in with rate limits, whose application may start three sessions a day."""
    async with running(StillClock(), rate_limits=True, daily_sessions=3) as standin:
        yield standin


@pytest.mark.anyio
async def test_more_than_120_payloads_a_minute_close_the_connection(limited: StandIn) -> None:
    async with connected(limited) as client:
        for _ in range(120):
            client.write(1)
        answers = [(await client.read())["op"] for _ in range(121)]
        assert answers == [10] + [11] * 120
        limited.clock.offset += 61
        client.write(1)
        assert (await client.read())["op"] == 11
        for _ in range(120):
            client.write(1)
        assert await client.close_code() == 4008


@pytest.mark.anyio
async def test_a_second_session_within_five_seconds_is_invalid(limited: StandIn) -> None:
    async with identified(limited), connected(limited) as client:
        await client.read()
        client.identify()
        assert await client.read() == {"op": 9, "d": False, "s": None, "t": None}
        limited.clock.offset += 5
        client.identify()
        assert await client.event("READY")
        remaining = limited.backend.session_starts.as_json()["remaining"]
        assert remaining == 1


@pytest.mark.anyio
async def test_more_sessions_than_a_day_has_end_all_of_them(limited: StandIn) -> None:
    async with identified(limited) as (first, _):
        for _ in range(2):
            limited.clock.offset += 5
            async with identified(limited):
                pass
        limited.clock.offset += 5
        async with connected(limited) as client:
            client.identify()
            assert await client.close_code() == 4004
        assert await first.close_code() == 4004
    assert limited.backend.sessions.all() == []
    limited.clock.offset += 24 * 3600
    async with identified(limited) as (_, ready):
        assert ready["session_id"]


_TOKEN = "{token}"
_IDENTIFY = {
    "token": _TOKEN,
    "intents": GUILD_INTENTS,
    "properties": {"os": "linux"},
    "compress": True,
    "large_threshold": 50,
    "shard": [0, 1],
    "presence": {"status": "idle", "activities": [{"name": "x", "type": 0}], "afk": False},
}
_PAYLOADS: list[tuple[int, Any]] = [
    (1, None),
    (1, 5),
    (2, _IDENTIFY),
    (3, {"since": None, "activities": [], "status": "online", "afk": False}),
    (4, {"guild_id": GUILD, "channel_id": None, "self_mute": False, "self_deaf": True}),
    (6, {"token": _TOKEN, "session_id": "{session}", "seq": 1}),
    (8, {"guild_id": GUILD, "query": "", "limit": 0, "nonce": "n"}),
    (8, {"guild_id": GUILD, "user_ids": [ADA, "1"]}),
    (31, {"guild_ids": [GUILD]}),
]
_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([[], {}, [[]], GUILD, "x" * 5000, "\ud800", [0] * 300])
)


@st.composite
def _frames(draw: st.DrawFn) -> str | bytes:
    """A frame: any bytes or text, or a payload of which one part may be changed."""
    style = draw(st.integers(0, 9))
    if style == 0:
        return draw(st.binary(max_size=20))
    if style == 1:
        return draw(st.text(max_size=20) | st.sampled_from(["[" * 3000, "1e999", "null", '"']))
    op, data = draw(st.sampled_from(_PAYLOADS))
    payload: dict[str, Any] = {"op": op, "d": data}
    change = draw(st.integers(0, 4))
    if change == 0:
        payload[draw(st.sampled_from(["op", "d", "s", "t"]))] = draw(_VALUES)
    elif change == 1 and isinstance(data, dict):
        payload["d"] = data | {draw(st.sampled_from(sorted(data))): draw(_VALUES)}
    elif change == 2:
        payload["op"] = draw(st.integers(-1, 45))
    return json.dumps(payload)


async def _exchange(standin: StandIn, frames: list[str | bytes]) -> int:
    """Send frames over one connection until it is closed; how many were sent."""
    token = standin.backend.application.bot_token
    async with identified(standin) as (_, ready):
        pass
    async with connected(standin, "v=10&encoding=json") as client:
        client.compresses = True
        for sent, frame in enumerate(frames, 1):
            if isinstance(frame, bytes):
                client.write_bytes(frame)
            else:
                client.write_text(
                    frame.replace(_TOKEN, token).replace("{session}", ready["session_id"])
                )
            client.write(1)
            code = await _code_after_heartbeat(client)
            assert code in (None, *_DEFINED), (code, frame)
            if code is not None:
                return sent
    return len(frames)


async def _code_after_heartbeat(client: GatewayClient) -> int | None:
    """Read until a heartbeat is acknowledged; None, or the code with which it was closed."""
    try:
        while (await client.read())["op"] != 11:
            pass
    except GatewayClosedError as closed:
        return closed.code
    return None


def test_no_frame_breaks_the_gateway() -> None:
    count = 0
    with asyncio.Runner() as runner:
        opened = running()
        standin = runner.run(opened.__aenter__())

        @settings(
            max_examples=FRAMES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(_frames(), min_size=1, max_size=_BATCH))
        def every_frame_is_answered_or_closes(frames: list[str | bytes]) -> None:
            nonlocal count
            count += runner.run(_exchange(standin, frames))

        try:
            every_frame_is_answered_or_closes()
        finally:
            runner.run(opened.__aexit__(None, None, None))
    assert count >= FRAMES
