"""The functions' client of the original response, against a local Discord."""

import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from discord_diffusion.discord import errors, layout
from discord_diffusion.discord.original_response import OriginalResponseClient
from tests.local_discord import Failure, LocalDiscord

SHOWN = [layout.text("x")]
TOKEN = "aW50ZXJhY3Rpb246c2VjcmV0/+"


@pytest.fixture
def discord() -> Iterator[LocalDiscord]:
    with LocalDiscord() as running:
        yield running


def test_an_edit_mentions_nobody_and_keeps_the_files(discord: LocalDiscord) -> None:
    client = OriginalResponseClient(f"{discord.url}/api")
    message = client.write("1", TOKEN, [layout.text("@everyone 🔴")])
    (request,) = discord.requests
    assert (request.method, request.path) == (
        "PATCH",
        "/api/webhooks/1/aW50ZXJhY3Rpb246c2VjcmV0%2F%2B/messages/@original",
    )
    assert request.payload == {
        "flags": 1 << 15,
        "content": None,
        "embeds": [],
        "components": [{"type": 10, "content": "@everyone 🔴"}],
        "allowed_mentions": {"parse": []},
    }
    assert message.text == "@everyone 🔴"
    assert client.read("1", TOKEN) == message


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ((404, {"code": 10015}), errors.NotAnsweredYetError),
        ((401, {"code": 50027}), errors.InteractionGoneError),
        ((502, {}), errors.UnavailableError),
        ((429, {"retry_after": 1.5}), errors.RateLimitedError),
        ((400, {"code": 50035}), errors.RequestRefusedError),
        ("reset", errors.ConnectionFailedError),
    ],
)
def test_a_refused_call_is_tried_once_and_raises_its_error_without_the_token(
    discord: LocalDiscord,
    failure: Failure,
    expected: type[errors.ApiError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    discord.failures = [failure]
    with pytest.raises(expected) as caught:
        OriginalResponseClient(discord.url).write("1", TOKEN, SHOWN)
    assert type(caught.value) is expected
    assert len(discord.requests) == 1
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "aW50ZXJhY3Rpb246" not in shown


def test_a_call_waits_for_a_rate_limit(
    discord: LocalDiscord,
) -> None:
    slept: list[float] = []
    client = OriginalResponseClient(discord.url, sleep=slept.append)
    discord.failures = [(429, {"retry_after": 0.0})]
    with pytest.raises(errors.RateLimitedError):
        client.write("1", TOKEN, SHOWN)
    client.write("1", TOKEN, SHOWN)
    assert len(slept) == 1
    assert 0 < slept[0] <= 1


def test_a_missing_server_is_a_failed_connection() -> None:
    with pytest.raises(errors.ConnectionFailedError):
        OriginalResponseClient("http://127.0.0.1:1").read("1", TOKEN)


def test_a_text_is_sent_by_the_older_urllib3_too(
    discord: LocalDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1.26 hands arguments that it does not know to `urlopen`, and encodes no JSON."""

    def request_of_1_26(
        pool: urllib3.PoolManager,
        method: str,
        url: str,
        fields: object = None,
        headers: dict[str, str] | None = None,
        **urlopen_kw: Any,
    ) -> urllib3.BaseHTTPResponse:
        assert fields is None
        extra_kw = {"headers": pool.headers if headers is None else headers, **urlopen_kw}
        return pool.urlopen(method, url, **extra_kw)

    monkeypatch.setattr(urllib3.PoolManager, "request", request_of_1_26)
    client = OriginalResponseClient(discord.url)
    assert client.write("1", TOKEN, [layout.text("a star")]).text == "a star"
    assert client.read("1", TOKEN).text == "a star"
