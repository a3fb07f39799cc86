"""Responding to an interaction by its callback URL instead of inline."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.standin_in_process import (
    Payload,
    StandIn,
    message,
    multipart,
    running,
)

pytestmark = pytest.mark.anyio


def respond_by_url(
    standin: StandIn, *bodies: Any, query: str = ""
) -> asyncio.Future[list[httpx.Response]]:
    """Let the application respond by URL and answer 202; the future responses of these requests."""
    given: asyncio.Future[list[httpx.Response]] = asyncio.get_running_loop().create_future()

    async def reply(payload: Payload) -> httpx.Response:
        path = f"/api/v10/interactions/{payload['id']}/{payload['token']}/callback{query}"
        given.set_result([await standin.http.post(path, **body) for body in bodies])
        return httpx.Response(202)

    standin.application.reply = reply
    return given


async def test_a_response_by_url_answers_the_interaction(standin: StandIn) -> None:
    given = respond_by_url(standin, {"json": message("by URL")})
    sent = await standin.send()
    assert sent["outcome"] == "answered"
    assert (await given)[0].status_code == 204
    assert (await standin.interaction(sent["interaction_id"]))["message"]["content"] == "by URL"


async def test_a_response_by_url_can_have_files(standin: StandIn) -> None:
    respond_by_url(standin, {"files": multipart(message("with"), ("a.png", b"x"))})
    sent = await standin.send()
    assert len((await standin.interaction(sent["interaction_id"]))["message"]["attachments"]) == 1


async def test_with_response_returns_the_created_message(standin: StandIn) -> None:
    given = respond_by_url(standin, {"json": message("x", flags=64)}, query="?with_response=true")
    sent = await standin.send()
    body = (await given)[0].json()
    assert body["interaction"]["response_message_id"] == sent["message_id"]
    assert body["interaction"]["response_message_ephemeral"] is True
    assert body["resource"]["message"]["content"] == "x"


async def test_a_second_response_gets_40060(standin: StandIn) -> None:
    given = respond_by_url(standin, {"json": message("one")}, {"json": message("two")})
    await standin.send()
    assert ((await given)[1].status_code, (await given)[1].json()["code"]) == (400, 40060)


async def test_an_inline_response_after_one_by_url_is_ignored(standin: StandIn) -> None:
    async def reply(payload: Payload) -> httpx.Response:
        path = f"/api/v10/interactions/{payload['id']}/{payload['token']}/callback"
        await standin.http.post(path, json=message("by URL"))
        return httpx.Response(200, json=message("inline"))

    standin.application.reply = reply
    sent = await standin.send()
    assert sent["outcome"] == "answered"
    assert (await standin.interaction(sent["interaction_id"]))["message"]["content"] == "by URL"


async def test_a_refused_response_by_url_can_be_corrected(standin: StandIn) -> None:
    given = respond_by_url(standin, {"json": message("x" * 2001)}, {"json": message("x")})
    sent = await standin.send()
    assert (await given)[0].json()["errors"]["data"]["content"]["_errors"]
    assert sent["outcome"] == "answered"


async def test_a_response_by_url_after_the_time_limit_gets_10062() -> None:
    async with running(answer_seconds=0.05) as standin:
        standin.application.reply = lambda _payload: httpx.Response(202)
        sent = await standin.send()
        assert sent["outcome"] == "timeout"
        interaction = standin.backend.interactions.find(sent["interaction_id"])
        assert interaction is not None
        path = f"/api/v10/interactions/{interaction.id}/{interaction.token}/callback"
        late = await standin.http.post(path, json=message())
        assert (late.status_code, late.json()["code"]) == (404, 10062)
        unknown = await standin.http.post("/api/v10/interactions/1/x/callback", json=message())
        assert (unknown.status_code, unknown.json()["code"]) == (404, 10062)
