"""The faults of chaos, switched on through the control API."""

import asyncio
import time
from typing import Any

import pytest

from tests.standin_in_process import StandIn

pytestmark = pytest.mark.anyio

DELAY_SECONDS = 30.0


async def switch_on(standin: StandIn, **faults: Any) -> None:
    """Replace the faults that are switched on."""
    response = await standin.http.put("/control/chaos", json={"seed": 1, "faults": faults})
    assert response.status_code == 200, response.text


async def hits(standin: StandIn, name: str) -> int:
    """How often a fault struck."""
    found = (await standin.http.get("/control/chaos")).json()["faults"][name]
    return int(found["hits"])


async def test_a_fault_with_a_count_ends_after_that_many_hits(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    await switch_on(standin, rate_limited={"count": 2, "seconds": 0.25, "scope": "shared"})
    statuses = []
    for _ in range(3):
        response = await standin.http.get(f"{hook}/messages/@original")
        statuses.append(response.status_code)
        if response.status_code == 429:
            assert response.json()["retry_after"] == 0.25
            assert response.headers["X-RateLimit-Scope"] == "shared"
    assert statuses == [429, 429, 200]


async def test_a_fault_strikes_its_path_only_and_ends_after_its_duration(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    fault = {"duration_seconds": 60, "path": "/webhooks/", "status": 502}
    await switch_on(standin, server_error=fault)
    path = f"{hook}/messages/@original"
    assert (await standin.http.get(path)).status_code == 502
    assert (await standin.bot.get("/api/v10/users/@me")).status_code == 200
    standin.clock.offset += 61
    assert (await standin.http.get(path)).status_code == 200


async def test_a_fault_with_the_same_seed_strikes_the_same_requests(standin: StandIn) -> None:
    runs = []
    for _ in range(2):
        await switch_on(standin, server_error={"probability": 0.5})
        runs.append([(await standin.bot.get("/api/v10/users/@me")).status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


async def test_the_slow_fault_delays_responses(standin: StandIn) -> None:
    await switch_on(standin, slow={"seconds": 0.1})
    started = time.monotonic()
    await standin.bot.get("/api/v10/users/@me")
    assert time.monotonic() - started >= 0.1


async def test_a_duplicate_delivery_changes_nothing_for_the_user(standin: StandIn) -> None:
    await switch_on(standin, duplicates={})
    sent = await standin.send()
    while len(standin.application.received) < 2:
        await asyncio.sleep(0.01)
    first, second = standin.application.received
    assert first.content == second.content
    assert len(standin.backend.interactions.all()) == 1
    assert len((await standin.interaction(sent["interaction_id"]))["history"]) == 1


async def test_the_reordered_fault_lets_a_later_delivery_arrive_first(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep, is_over = asyncio.sleep, asyncio.Event()

    async def sleep_until_told(seconds: float) -> None:
        """The delay is over when the test says so, however long the second delivery takes."""
        await (is_over.wait() if seconds == DELAY_SECONDS else sleep(seconds))

    monkeypatch.setattr(asyncio, "sleep", sleep_until_told)
    await switch_on(standin, reordered={"count": 1, "seconds": DELAY_SECONDS})
    delayed = asyncio.create_task(standin.send(command="imagine", options={"prompt": "first"}))
    while await hits(standin, "reordered") == 0:
        await sleep(0.005)
    await standin.send(command="imagine", options={"prompt": "second"})
    is_over.set()
    await delayed
    payloads = standin.application.payloads
    prompts = [payload["data"]["options"][0]["value"] for payload in payloads]
    assert prompts == ["second", "first"]


async def test_the_clock_skew_fault_signs_a_wrong_timestamp_correctly(
    standin: StandIn,
) -> None:
    await switch_on(standin, clock_skew={"seconds": -400})
    assert (await standin.send())["outcome"] == "answered"
    [request] = standin.application.received
    assert int(request.headers["x-signature-timestamp"]) < time.time() - 390


async def test_the_early_404_fault_hides_the_webhook_for_its_seconds(standin: StandIn) -> None:
    _, hook = await standin.answered_interaction()
    await switch_on(standin, early_404={"seconds": 5})
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
async def test_an_invalid_chaos_plan_is_refused(standin: StandIn, plan: Any) -> None:
    response = await standin.http.put("/control/chaos", json=plan)
    assert (response.status_code, response.json()["code"]) == (400, 50035)


async def test_an_empty_chaos_plan_switches_every_fault_off(standin: StandIn) -> None:
    await switch_on(standin, server_error={})
    await standin.http.put("/control/chaos", json={})
    assert (await standin.bot.get("/api/v10/users/@me")).status_code == 200
