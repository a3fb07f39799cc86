"""Bad days, switched on and off."""

import asyncio
import time
from typing import Any

import pytest

from tests.standin_rig import Rig

pytestmark = pytest.mark.anyio


async def switch(rig: Rig, **faults: Any) -> None:
    """Replace what is on."""
    response = await rig.http.put("/control/chaos", json={"seed": 1, "faults": faults})
    assert response.status_code == 200, response.text


async def hits(rig: Rig, name: str) -> int:
    """How often a fault struck."""
    found = (await rig.http.get("/control/chaos")).json()["faults"][name]
    return int(found["hits"])


async def test_a_storm_of_429_ends_after_its_count(rig: Rig) -> None:
    _, hook = await rig.opened()
    await switch(rig, rate_limited={"count": 2, "seconds": 0.25, "scope": "shared"})
    statuses = []
    for _ in range(3):
        response = await rig.http.get(f"{hook}/messages/@original")
        statuses.append(response.status_code)
        if response.status_code == 429:
            assert response.json()["retry_after"] == 0.25
            assert response.headers["X-RateLimit-Scope"] == "shared"
    assert statuses == [429, 429, 200]


async def test_a_fault_ends_after_its_time_and_keeps_to_its_path(rig: Rig) -> None:
    _, hook = await rig.opened()
    fault = {"duration_seconds": 60, "path": "/webhooks/", "status": 502}
    await switch(rig, server_error=fault)
    path = f"{hook}/messages/@original"
    assert (await rig.http.get(path)).status_code == 502
    assert (await rig.bot.get("/api/v10/users/@me")).status_code == 200
    rig.clock.offset += 61
    assert (await rig.http.get(path)).status_code == 200


async def test_the_same_seed_strikes_the_same_requests(rig: Rig) -> None:
    runs = []
    for _ in range(2):
        await switch(rig, server_error={"probability": 0.5})
        runs.append([(await rig.bot.get("/api/v10/users/@me")).status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


async def test_slow_answers_are_slow(rig: Rig) -> None:
    await switch(rig, slow={"seconds": 0.1})
    started = time.monotonic()
    await rig.bot.get("/api/v10/users/@me")
    assert time.monotonic() - started >= 0.1


async def test_a_duplicate_delivery_changes_nothing_for_the_user(rig: Rig) -> None:
    await switch(rig, duplicates={})
    sent = await rig.send()
    for _ in range(100):
        if len(rig.application.received) == 2:
            break
        await asyncio.sleep(0.01)
    first, second = rig.application.received
    assert first.content == second.content
    assert len(rig.standin.interactions.all()) == 1
    assert len((await rig.seen(sent["interaction_id"]))["history"]) == 1


async def test_a_delivery_can_be_overtaken(rig: Rig) -> None:
    await switch(rig, reordered={"count": 1, "seconds": 0.2})
    slow = asyncio.create_task(rig.send(command="imagine", options={"prompt": "first"}))
    while await hits(rig, "reordered") == 0:
        await asyncio.sleep(0.005)
    await rig.send(command="imagine", options={"prompt": "second"})
    await slow
    prompts = [one["data"]["options"][0]["value"] for one in rig.application.payloads]
    assert prompts == ["second", "first"]


async def test_the_signed_timestamp_can_be_wrong_and_its_signature_still_right(rig: Rig) -> None:
    await switch(rig, clock_skew={"seconds": -400})
    assert (await rig.send())["outcome"] == "answered"
    [request] = rig.application.received
    assert int(request.headers["x-signature-timestamp"]) < time.time() - 390


async def test_the_webhook_can_be_unknown_for_a_while_after_the_answer(rig: Rig) -> None:
    _, hook = await rig.opened()
    await switch(rig, early_404={"seconds": 5})
    path = f"{hook}/messages/@original"
    assert (await rig.http.get(path)).json()["code"] == 10015
    rig.clock.offset += 6
    assert (await rig.http.get(path)).status_code == 200


@pytest.mark.parametrize(
    "plan",
    [
        {"faults": {"earthquake": {}}},
        {"faults": {"slow": {"probability": 2}}},
        {"faults": {"slow": {"count": 0}}},
        {"faults": {"server_error": {"status": 200}}},
        {"fault": {}},
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused(rig: Rig, plan: Any) -> None:
    response = await rig.http.put("/control/chaos", json=plan)
    assert (response.status_code, response.json()["code"]) == (400, 50035)


async def test_an_empty_plan_is_a_good_day(rig: Rig) -> None:
    await switch(rig, server_error={})
    await rig.http.put("/control/chaos", json={})
    assert (await rig.bot.get("/api/v10/users/@me")).status_code == 200
