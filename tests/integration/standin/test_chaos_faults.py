"""Bad days, switched on and off."""

import asyncio
import time
from typing import Any

import pytest

from tests.standin_in_process import StandIn

pytestmark = pytest.mark.anyio


async def switch(standin: StandIn, **faults: Any) -> None:
    """Replace what is on."""
    response = await standin.http.put("/control/chaos", json={"seed": 1, "faults": faults})
    assert response.status_code == 200, response.text


async def hits(standin: StandIn, name: str) -> int:
    """How often a fault struck."""
    found = (await standin.http.get("/control/chaos")).json()["faults"][name]
    return int(found["hits"])


async def test_a_storm_of_429_ends_after_its_count(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    await switch(standin, rate_limited={"count": 2, "seconds": 0.25, "scope": "shared"})
    statuses = []
    for _ in range(3):
        response = await standin.http.get(f"{hook}/messages/@original")
        statuses.append(response.status_code)
        if response.status_code == 429:
            assert response.json()["retry_after"] == 0.25
            assert response.headers["X-RateLimit-Scope"] == "shared"
    assert statuses == [429, 429, 200]


async def test_a_fault_ends_after_its_time_and_keeps_to_its_path(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    fault = {"duration_seconds": 60, "path": "/webhooks/", "status": 502}
    await switch(standin, server_error=fault)
    path = f"{hook}/messages/@original"
    assert (await standin.http.get(path)).status_code == 502
    assert (await standin.bot.get("/api/v10/users/@me")).status_code == 200
    standin.clock.offset += 61
    assert (await standin.http.get(path)).status_code == 200


async def test_the_same_seed_strikes_the_same_requests(standin: StandIn) -> None:
    runs = []
    for _ in range(2):
        await switch(standin, server_error={"probability": 0.5})
        runs.append([(await standin.bot.get("/api/v10/users/@me")).status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


async def test_slow_answers_are_slow(standin: StandIn) -> None:
    await switch(standin, slow={"seconds": 0.1})
    started = time.monotonic()
    await standin.bot.get("/api/v10/users/@me")
    assert time.monotonic() - started >= 0.1


async def test_a_duplicate_delivery_changes_nothing_for_the_user(standin: StandIn) -> None:
    await switch(standin, duplicates={})
    sent = await standin.send()
    for _ in range(100):
        if len(standin.application.received) == 2:
            break
        await asyncio.sleep(0.01)
    first, second = standin.application.received
    assert first.content == second.content
    assert len(standin.backend.interactions.all()) == 1
    assert len((await standin.interaction(sent["interaction_id"]))["history"]) == 1


async def test_a_delivery_can_be_overtaken(standin: StandIn) -> None:
    await switch(standin, reordered={"count": 1, "seconds": 0.2})
    slow = asyncio.create_task(standin.send(command="imagine", options={"prompt": "first"}))
    while await hits(standin, "reordered") == 0:
        await asyncio.sleep(0.005)
    await standin.send(command="imagine", options={"prompt": "second"})
    await slow
    prompts = [one["data"]["options"][0]["value"] for one in standin.application.payloads]
    assert prompts == ["second", "first"]


async def test_the_signed_timestamp_can_be_wrong_and_its_signature_still_right(
    standin: StandIn,
) -> None:
    await switch(standin, clock_skew={"seconds": -400})
    assert (await standin.send())["outcome"] == "answered"
    [request] = standin.application.received
    assert int(request.headers["x-signature-timestamp"]) < time.time() - 390


async def test_the_webhook_can_be_unknown_for_a_while_after_the_answer(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    await switch(standin, early_404={"seconds": 5})
    path = f"{hook}/messages/@original"
    assert (await standin.http.get(path)).json()["code"] == 10015
    standin.clock.offset += 6
    assert (await standin.http.get(path)).status_code == 200


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
async def test_a_plan_that_makes_no_sense_is_refused(standin: StandIn, plan: Any) -> None:
    response = await standin.http.put("/control/chaos", json=plan)
    assert (response.status_code, response.json()["code"]) == (400, 50035)


async def test_an_empty_plan_is_a_good_day(standin: StandIn) -> None:
    await switch(standin, server_error={})
    await standin.http.put("/control/chaos", json={})
    assert (await standin.bot.get("/api/v10/users/@me")).status_code == 200
