"""SKUs, entitlements and test purchases, and the webhook events that tell of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.gateway_client import identified
from tests.standin_in_process import ADA, BORIS, ENDPOINT, GUILD, StandIn, running

pytestmark = pytest.mark.anyio

ME = "/api/v10/applications/@me"
EVENTS = ["ENTITLEMENT_CREATE", "ENTITLEMENT_UPDATE", "ENTITLEMENT_DELETE"]


@pytest.fixture
async def shop() -> AsyncIterator[StandIn]:
    """A stand-in that sends a webhook event again at once."""
    async with running(event_retry_seconds=0.001) as standin:
        yield standin


async def make(standin: StandIn, path: str, **body: Any) -> dict[str, Any]:
    """Have the control API make something."""
    response = await standin.http.post(f"/control/{path}", json=body)
    assert response.status_code in (200, 201), response.text
    made: dict[str, Any] = response.json()
    return made


def path(standin: StandIn, *parts: str) -> str:
    """A path of the application."""
    return "/".join([f"/api/v10/applications/{standin.backend.application.id}", *parts])


async def held(standin: StandIn, user_id: str) -> list[str]:
    """The SKUs that an interaction of a user names."""
    sent = await standin.send(command="imagine", options={"prompt": "x"}, user_id=user_id)
    assert sent["outcome"] == "answered"
    payload = standin.application.payloads[-1]
    assert [one["sku_id"] for one in payload["entitlements"]] == payload["entitlement_sku_ids"]
    return list(payload["entitlement_sku_ids"])


async def test_a_test_entitlement_is_made_seen_and_taken_back(shop: StandIn) -> None:
    sku = await make(shop, "skus", name="Pro Plan")
    assert (sku["slug"], sku["flags"]) == ("pro-plan", 1 << 2 | 1 << 8)
    assert (await shop.bot.get(path(shop, "skus"))).json() == [sku]
    body = {"sku_id": sku["id"], "owner_id": BORIS, "owner_type": 2}
    async with identified(shop, intents=0) as (client, _):
        made = (await shop.bot.post(path(shop, "entitlements"), json=body)).json()
        assert (made["type"], made["user_id"]) == (4, BORIS)
        assert "ends_at" not in made
        assert await held(shop, BORIS) == [sku["id"]]
        assert await held(shop, ADA) == []
        one = path(shop, "entitlements", made["id"])
        assert (await shop.bot.get(one)).json() == made
        assert (await shop.bot.delete(one)).status_code == 204
        assert (await shop.bot.delete(one)).json()["code"] == 10029
        assert await held(shop, BORIS) == []
        assert (await client.event("ENTITLEMENT_CREATE"))["id"] == made["id"]
        assert (await client.event("ENTITLEMENT_DELETE"))["deleted"] is True


async def test_a_guild_has_what_was_bought_for_it_until_it_ends(shop: StandIn) -> None:
    sku = await make(shop, "skus", name="Server", for_guild=True)
    bought = await make(shop, "entitlements", sku_id=sku["id"], user_id=ADA, seconds=60)
    assert (bought["guild_id"], bought["type"]) == (GUILD, 8)
    assert await held(shop, BORIS) == [sku["id"]]
    shop.clock.offset += 61
    assert await held(shop, BORIS) == []

    async def listed(query: str) -> int:
        return len((await shop.bot.get(path(shop, f"entitlements?{query}"))).json())

    assert await listed("") == await listed(f"guild_id={GUILD}") == 1
    assert await listed("exclude_ended=true") == await listed(f"user_id={BORIS}") == 0
    assert await listed(f"sku_ids=1,{sku['id']}") == 1
    assert await listed(f"after={bought['id']}") == 0
    assert (await shop.http.delete(f"/control/entitlements/{bought['id']}")).status_code == 204
    assert await listed("") == 0
    assert await listed("exclude_deleted=false") == 1


async def test_a_consumable_is_used_up_once(shop: StandIn) -> None:
    sku = await make(shop, "skus", name="Ten pictures", type=3)
    bought = await make(shop, "entitlements", sku_id=sku["id"])
    one = path(shop, "entitlements", bought["id"])
    assert (await shop.bot.post(f"{one}/consume")).status_code == 204
    assert (await shop.bot.get(one)).json()["consumed"] is True
    assert await held(shop, ADA) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"sku_id": "1"}, 10027), ({"owner_type": 3}, 50035), ({"owner_id": "1"}, 10013)],
)
async def test_a_test_entitlement_that_does_not_fit_is_refused(
    shop: StandIn, changes: dict[str, Any], code: int
) -> None:
    sku = await make(shop, "skus", name="x")
    body = {"sku_id": sku["id"], "owner_id": ADA, "owner_type": 2} | changes
    refused = await shop.bot.post(path(shop, "entitlements"), json=body)
    assert refused.json()["code"] == code


def takes_events(standin: StandIn, *statuses: int) -> list[dict[str, Any]]:
    """Have the application answer events with these statuses, then 204; the events it got."""
    waiting, received = list(statuses), []

    def reply(payload: dict[str, Any]) -> httpx.Response:
        if payload["type"] == 0:
            return httpx.Response(204)
        received.append(payload["event"])
        return httpx.Response(waiting.pop(0) if waiting else 204)

    standin.application.reply = reply
    return received


async def subscribe(standin: StandIn, **changes: Any) -> httpx.Response:
    """Subscribe to events of entitlements."""
    body = {"event_webhooks_url": ENDPOINT, "event_webhooks_status": 2}
    body |= {"event_webhooks_types": EVENTS} | changes
    return await standin.bot.patch(ME, json=body)


async def delivered(standin: StandIn) -> list[dict[str, Any]]:
    """The events that were sent, once none of them is on its way."""
    while standin.backend.webhook_events.is_sending:
        await asyncio.sleep(0.001)
    listed: list[dict[str, Any]] = (await standin.http.get("/control/webhook-events")).json()
    return listed


async def test_an_event_is_sent_signed_and_again_until_it_is_taken(shop: StandIn) -> None:
    received = takes_events(shop, 500, 200)
    assert (await subscribe(shop)).json()["event_webhooks_status"] == 2
    sku = await make(shop, "skus", name="x")
    bought = await make(shop, "entitlements", sku_id=sku["id"])
    await make(shop, "authorizations")
    [event] = await delivered(shop)
    assert (event["type"], event["statuses"]) == ("ENTITLEMENT_CREATE", [500, 200, 204])
    assert event["delivered"]
    assert [one["data"] for one in received] == [bought] * 3
    envelope = json.loads(shop.application.received[-1].content)
    assert (envelope["version"], envelope["application_id"]) == (1, bought["application_id"])


async def test_an_endpoint_for_events_checks_signatures(shop: StandIn) -> None:
    takes_events(shop)
    shop.application.checks_signatures = False
    refused = await subscribe(shop)
    assert (refused.status_code, refused.json()["code"]) == (400, 50035)
    assert "event_webhooks_url" in refused.json()["errors"]
    shop.application.checks_signatures = True
    assert (await subscribe(shop, event_webhooks_types=["NO_EVENT"])).status_code == 400
    assert (await subscribe(shop)).status_code == 200
    removed = await subscribe(shop, event_webhooks_url=None)
    assert removed.json()["event_webhooks_url"] is None


async def test_an_authorization_tells_who_and_where(shop: StandIn) -> None:
    received = takes_events(shop)
    types = ["APPLICATION_AUTHORIZED", "APPLICATION_DEAUTHORIZED"]
    await subscribe(shop, event_webhooks_types=types)
    await make(shop, "authorizations", user_id=BORIS)
    await make(shop, "authorizations", change="deauthorized", installed_by="user")
    assert [event["type"] for event in await delivered(shop)] == types
    assert received[0]["data"]["guild"]["id"] == GUILD
    assert received[0]["data"]["user"]["id"] == BORIS


async def test_events_that_nobody_takes_end(shop: StandIn) -> None:
    takes_events(shop, *[500] * 10_000)
    await subscribe(shop)
    sku = await make(shop, "skus", name="x")
    for _ in range(5):
        await make(shop, "entitlements", sku_id=sku["id"])
    shop.clock.offset += 600
    assert not any(event["delivered"] for event in await delivered(shop))
    assert (await shop.bot.get(ME)).json()["event_webhooks_status"] == 3
