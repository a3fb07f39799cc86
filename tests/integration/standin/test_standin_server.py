"""The stand-in as a server on a port of its own."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulation.rig.waiting import wait_until
from fixtures.discord.signing import application
from tests.standin_in_process import WEBHOOK
from tests.standin_server import Server, serving

AGENT = {"User-Agent": "DiscordBot (https://application.test, 1.0)"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def bot(server: Server) -> Iterator[httpx.Client]:
    token = {"Authorization": f"Bot {application()['bot_token']}"}
    with httpx.Client(base_url=server.url, headers=AGENT | token, trust_env=False) as http:
        yield http


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_dropped_connection_breaks_off_before_or_after_the_route_acted(
    bot: httpx.Client, when: str
) -> None:
    bot.put("/control/chaos", json={"faults": {"dropped": {"count": 1, "when": when}}})
    channel = "/api/v10/channels/1400000000000000001/messages"
    # A connection that ends too soon, or one that is reset: which of them is the kernel's choice.
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        bot.post(channel, json={"content": "x"})
    assert len(bot.get(channel).json()) == (1 if when == "after" else 0)


def test_a_page_resumes_its_event_stream_by_last_event_id(bot: httpx.Client) -> None:
    after = bot.get("/control/snapshot").json()["last_event_id"]
    bot.put("/control/chaos", json={})
    headers = {"Last-Event-ID": str(after)}
    with bot.stream("GET", "/control/events", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert f"id: {after + 1}" in lines
        assert next(lines) == "event: chaos"
    assert bot.get("/control/events", headers={"Last-Event-ID": "x"}).status_code == 400


def test_the_server_ends_open_event_streams_when_it_stops(
    server: Server, bot: httpx.Client
) -> None:
    with bot.stream("GET", "/control/events") as stream:
        assert next(stream.iter_lines())
        server.stop()
    assert "timeout graceful shutdown exceeded" not in server.log()


def test_an_upload_that_is_too_large_gets_413(bot: httpx.Client) -> None:
    response = bot.post(WEBHOOK, files={"files[0]": ("a.bin", b"x" * (26 * 1024 * 1024))})
    assert (response.status_code, response.json()["code"]) == (413, 40005)


def test_the_log_holds_no_token(server: Server, bot: httpx.Client) -> None:
    token = "fixture-webhook-token.not-a-secret.as-long-as-the-tokens-of-discord"
    bot.get(f"/api/v10/webhooks/1500000000000000001/{token}")
    masked = "/webhooks/1500000000000000001/***"
    wait_until(lambda: masked in server.log(), "the request is logged")
    log = server.log()
    assert token not in log
    assert application()["bot_token"] not in log
