"""Answering an interaction by URL instead of inline."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.standin_rig import Payload, Rig, message, multipart, running

pytestmark = pytest.mark.anyio


def answers_by_url(rig: Rig, *bodies: Any, query: str = "") -> asyncio.Future[list[httpx.Response]]:
    """Have the application call back while its own answer is 202; what the calls will give."""
    given: asyncio.Future[list[httpx.Response]] = asyncio.get_running_loop().create_future()

    async def reply(payload: Payload) -> httpx.Response:
        path = f"/api/v10/interactions/{payload['id']}/{payload['token']}/callback{query}"
        given.set_result([await rig.http.post(path, **body) for body in bodies])
        return httpx.Response(202)

    rig.application.reply = reply
    return given


async def test_an_answer_by_url_counts_as_the_answer(rig: Rig) -> None:
    given = answers_by_url(rig, {"json": message("by URL")})
    sent = await rig.send()
    assert sent["outcome"] == "answered"
    assert (await given)[0].status_code == 204
    assert (await rig.seen(sent["interaction_id"]))["message"]["content"] == "by URL"


async def test_an_answer_by_url_may_bring_files(rig: Rig) -> None:
    answers_by_url(rig, {"files": multipart(message("with"), ("a.png", b"x"))})
    sent = await rig.send()
    assert len((await rig.seen(sent["interaction_id"]))["message"]["attachments"]) == 1


async def test_with_response_tells_what_was_made(rig: Rig) -> None:
    given = answers_by_url(rig, {"json": message("x", flags=64)}, query="?with_response=true")
    sent = await rig.send()
    body = (await given)[0].json()
    assert body["interaction"]["response_message_id"] == sent["message_id"]
    assert body["interaction"]["response_message_ephemeral"] is True
    assert body["resource"]["message"]["content"] == "x"


async def test_a_second_answer_is_40060(rig: Rig) -> None:
    given = answers_by_url(rig, {"json": message("one")}, {"json": message("two")})
    await rig.send()
    assert ((await given)[1].status_code, (await given)[1].json()["code"]) == (400, 40060)


async def test_an_inline_answer_after_one_by_url_is_ignored(rig: Rig) -> None:
    async def reply(payload: Payload) -> httpx.Response:
        path = f"/api/v10/interactions/{payload['id']}/{payload['token']}/callback"
        await rig.http.post(path, json=message("by URL"))
        return httpx.Response(200, json=message("inline"))

    rig.application.reply = reply
    sent = await rig.send()
    assert sent["outcome"] == "answered"
    assert (await rig.seen(sent["interaction_id"]))["message"]["content"] == "by URL"


async def test_a_refused_answer_by_url_may_be_put_right(rig: Rig) -> None:
    given = answers_by_url(rig, {"json": message("x" * 2001)}, {"json": message("x")})
    sent = await rig.send()
    assert (await given)[0].json()["errors"]["data"]["content"]["_errors"]
    assert sent["outcome"] == "answered"


async def test_after_three_seconds_the_interaction_is_unknown() -> None:
    async with running(answer_seconds=0.05) as rig:
        rig.application.reply = lambda _payload: httpx.Response(202)
        sent = await rig.send()
        assert sent["outcome"] == "timeout"
        interaction = rig.standin.interactions.find(sent["interaction_id"])
        assert interaction is not None
        path = f"/api/v10/interactions/{interaction.id}/{interaction.token}/callback"
        late = await rig.http.post(path, json=message())
        assert (late.status_code, late.json()["code"]) == (404, 10062)
        unknown = await rig.http.post("/api/v10/interactions/1/x/callback", json=message())
        assert (unknown.status_code, unknown.json()["code"]) == (404, 10062)
