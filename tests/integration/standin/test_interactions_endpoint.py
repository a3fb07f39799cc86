"""The application's interactions endpoint: its check when it is set, and the signature probes."""

import httpx
import pytest

from tests.standin_in_process import ENDPOINT, StandIn
from tests.standin_in_process import message as answer_message

pytestmark = pytest.mark.anyio

ME = "/api/v10/applications/@me"


async def set_url(standin: StandIn, url: str | None) -> httpx.Response:
    """Set the endpoint's URL as the bot."""
    return await standin.bot.patch(ME, json={"interactions_endpoint_url": url})


async def test_an_endpoint_is_accepted_after_a_ping_and_an_invalid_signature(
    standin: StandIn,
) -> None:
    standin.backend.endpoint.url = None
    response = await set_url(standin, ENDPOINT)
    assert response.json()["interactions_endpoint_url"] == ENDPOINT
    assert standin.application.answered == [200, 401]


async def test_an_endpoint_that_accepts_invalid_signatures_is_refused(standin: StandIn) -> None:
    standin.backend.endpoint.url = None
    standin.application.checks_signatures = False
    response = await set_url(standin, ENDPOINT)
    assert (response.status_code, response.json()["code"]) == (400, 50035)
    [error] = response.json()["errors"]["interactions_endpoint_url"]["_errors"]
    assert error["message"].startswith(
        "The specified interactions endpoint url could not be verified."
    )
    assert standin.backend.endpoint.url is None


@pytest.mark.parametrize("url", ["not a url", "ftp://x.test/", "http://", 5, "http://[::1"])
async def test_an_endpoint_url_that_is_no_address_is_refused(standin: StandIn, url: str) -> None:
    assert (await set_url(standin, url)).json()["code"] == 50035
    assert standin.backend.endpoint.url == ENDPOINT


@pytest.mark.parametrize("url", [None, ""])
async def test_the_endpoint_url_can_be_removed(standin: StandIn, url: str | None) -> None:
    assert (await set_url(standin, url)).json()["interactions_endpoint_url"] is None


async def test_a_ping_must_be_answered_with_json_of_type_1(standin: StandIn) -> None:
    for bad in (
        httpx.Response(200, json={"type": 4}),
        httpx.Response(200, text="pong", headers={"content-type": "text/plain"}),
        httpx.Response(200, content=b'{"type": 1}'),
        httpx.Response(204),
    ):

        async def endpoint(_request: httpx.Request, bad: httpx.Response = bad) -> httpx.Response:
            return bad

        standin.backend.http = httpx.AsyncClient(transport=httpx.MockTransport(endpoint))
        assert (await set_url(standin, ENDPOINT)).status_code == 400


async def test_a_probe_that_is_refused_leaves_the_endpoint_in_place(standin: StandIn) -> None:
    for _ in range(6):
        result = (await standin.http.post("/control/probes")).json()
        assert (result["outcome"], result["status"]) == ("refused", 401)
    results = (await standin.http.get("/control/probes")).json()["results"]
    assert len({probe["wrong"] for probe in results}) > 1
    assert standin.backend.endpoint.url == ENDPOINT


async def test_an_endpoint_that_accepts_a_probe_loses_its_url(standin: StandIn) -> None:
    standin.application.checks_signatures = False
    result = (await standin.http.post("/control/probes")).json()
    assert result["outcome"] == "accepted"
    endpoint = (await standin.http.get("/control/snapshot")).json()["endpoint"]
    assert endpoint["url"] is None
    assert "wrong signature" in endpoint["removed_because"]
    assert (await standin.http.post("/control/probes")).status_code == 409


async def test_probes_are_sent_at_the_configured_interval(standin: StandIn) -> None:
    await standin.http.put("/control/probes", json={"interval_seconds": 0.01})
    stream = standin.backend.events.stream(0)
    async for text in stream:
        if "event: probe" in text:
            break
    await stream.aclose()  # type: ignore[attr-defined] # an async generator
    assert standin.application.answered[0] == 401


async def test_an_unreachable_endpoint_fails_its_probe_and_keeps_its_url(standin: StandIn) -> None:
    async def broken(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    standin.backend.http = httpx.AsyncClient(transport=httpx.MockTransport(broken))
    assert (await standin.http.post("/control/probes")).json()["outcome"] == "failed"
    assert standin.backend.endpoint.url == ENDPOINT
    assert answer_message()["type"] == 4
