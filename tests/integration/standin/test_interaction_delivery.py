"""Delivering interactions, and the application's responses to them."""

import asyncio
import json

import httpx
import pytest

from tests.standin_in_process import (
    ADA,
    FakeApplication,
    Payload,
    StandIn,
    StillClock,
    message,
    running,
)

pytestmark = pytest.mark.anyio


async def test_an_immediate_message_is_the_original_response(standin: StandIn) -> None:
    sent = await standin.send()
    assert (sent["outcome"], sent["response_type"], sent["status"]) == ("answered", 4, 200)
    shown = await standin.interaction(sent["interaction_id"])
    assert shown["message"]["content"] == "Queued"
    assert shown["message"]["type"] == 20
    assert shown["message"]["interaction_metadata"]["name"] == "imagine"
    assert [event["name"] for event in shown["events"]] == ["created", "delivered", "answered"]


async def test_a_deferred_response_creates_a_loading_message(standin: StandIn) -> None:
    standin.application.reply = lambda _payload: {"type": 5, "data": {"flags": 64}}
    sent = await standin.send()
    assert sent["outcome"] == "deferred"
    shown = (await standin.interaction(sent["interaction_id"]))["message"]
    assert shown["flags"] == 64 | 128
    assert shown["ephemeral_for"] == ADA


async def test_an_unanswered_interaction_times_out_and_its_token_is_refused() -> None:
    async with running(answer_seconds=0.05) as standin:

        async def never(_payload: Payload) -> httpx.Response:
            await asyncio.sleep(30)
            return httpx.Response(500)

        standin.application.reply = never
        sent = await standin.send()
        assert (sent["outcome"], sent["message_id"]) == ("timeout", None)
        assert sent["notice"] == "The application did not respond"
        late = await standin.http.patch(
            f"{standin.webhook_path(sent['interaction_id'])}/messages/@original",
            json={"content": "late"},
        )
        assert (late.status_code, late.json()["code"]) == (404, 10015)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(500), "status 500"),
        (httpx.Response(401), "status 401"),
        (httpx.Response(200, text="no json"), "not one that Discord takes"),
        (httpx.Response(200, json=[1]), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 99}), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 1}), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 7, "data": {"content": "x"}}), "not one that"),
        (httpx.Response(200, json={"type": 8, "data": {"choices": []}}), "not one that"),
        (httpx.Response(200, json=message("")), "not one that Discord takes"),
        (httpx.Response(200, json=message("x" * 2001)), "not one that Discord takes"),
        (httpx.Response(200, json={"type": 5, "data": {"flags": 4}}), "not one that"),
    ],
)
async def test_a_response_that_discord_would_refuse_is_an_error(
    standin: StandIn, reply: httpx.Response, error: str
) -> None:
    standin.application.reply = lambda _payload: reply
    sent = await standin.send()
    assert sent["outcome"] == "error"
    assert error in sent["error"]
    assert sent["message_id"] is None


async def test_an_interaction_without_an_endpoint_is_an_error_with_a_notice(
    standin: StandIn,
) -> None:
    standin.backend.endpoint.url = None
    sent = await standin.send()
    assert (sent["outcome"], sent["notice"]) == ("error", "The application did not respond")


async def test_a_redelivery_repeats_the_same_request_and_ignores_the_response(
    standin: StandIn,
) -> None:
    sent = await standin.send()
    standin.application.reply = lambda _payload: message("another answer")
    again = await standin.http.post(f"/control/interactions/{sent['interaction_id']}/redeliver")
    assert again.json()["outcome"] == "answered"
    first, second = standin.application.received
    assert first.content == second.content
    signature = "x-signature-ed25519"
    assert first.headers[signature] == second.headers[signature]
    shown = await standin.interaction(sent["interaction_id"])
    assert (shown["message"]["content"], shown["deliveries"]) == ("Queued", 2)


async def test_raw_is_merged_into_the_payload_that_is_sent(standin: StandIn) -> None:
    await standin.send(command="imagine", raw={"type": 99, "data": {"name": "gone"}})
    [payload] = standin.application.payloads
    assert (payload["type"], payload["data"]["name"]) == (99, "gone")


async def test_an_interaction_works_whatever_raw_changes_in_its_payload(
    standin: StandIn,
) -> None:
    for raw in ({"data": 5}, {"id": "x"}, {"token": None}, {"member": []}, {"channel": "x"}):
        sent = await standin.send(command="imagine", raw=raw)
        assert sent["outcome"] == "answered"
        assert (await standin.interaction(sent["interaction_id"]))["message"]["content"] == "Queued"


async def test_an_aged_interaction_has_an_old_id_and_an_early_token_expiry() -> None:
    async with running(StillClock()) as standin:
        sent = await standin.send(command="imagine", age_seconds=899)
        made = (int(sent["interaction_id"]) >> 22) / 1000 + 1_420_070_400
        assert standin.clock.now() - made == pytest.approx(899)
        original = f"{standin.webhook_path(sent['interaction_id'])}/messages/@original"
        assert (await standin.http.get(original)).status_code == 200
        standin.clock.offset += 2
        late = await standin.http.get(original)
        assert (late.status_code, late.json()["code"]) == (401, 50027)


async def test_the_control_api_never_shows_a_token(standin: StandIn) -> None:
    sent = await standin.send()
    interaction = standin.backend.interactions.find(sent["interaction_id"])
    assert interaction is not None
    for path in (
        f"/control/interactions/{interaction.id}",
        "/control/interactions",
        "/control/snapshot",
    ):
        assert interaction.token not in (await standin.http.get(path)).text
    assert interaction.token not in repr(interaction)


def test_the_fake_application_refuses_a_wrong_signature() -> None:
    application = FakeApplication()
    request = httpx.Request(
        "POST",
        "http://x.test",
        content=json.dumps({"type": 1}),
        headers={"x-signature-ed25519": "00" * 64, "x-signature-timestamp": "1"},
    )
    assert asyncio.run(application(request)).status_code == 401
