"""The functions' client of the original response, against a local Discord."""

import logging
import traceback
from collections.abc import Iterator

import pytest

from discord_diffusion.discord import errors
from discord_diffusion.discord.original_response import OriginalResponseClient
from tests.local_discord import Failure, LocalDiscord

TOKEN = "aW50ZXJhY3Rpb246c2VjcmV0/+"


@pytest.fixture
def discord() -> Iterator[LocalDiscord]:
    with LocalDiscord() as running:
        yield running


def test_a_replaced_text_mentions_nobody_and_keeps_the_attachments(discord: LocalDiscord) -> None:
    client = OriginalResponseClient(f"{discord.url}/api")
    message = client.write("1", TOKEN, "@everyone 🔴")
    (request,) = discord.requests
    assert (request.method, request.path) == (
        "PATCH",
        "/api/webhooks/1/aW50ZXJhY3Rpb246c2VjcmV0%2F%2B/messages/@original",
    )
    assert request.payload == {"content": "@everyone 🔴", "allowed_mentions": {"parse": []}}
    assert message.content == "@everyone 🔴"
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
        OriginalResponseClient(discord.url).write("1", TOKEN, "x")
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
        client.write("1", TOKEN, "x")
    client.write("1", TOKEN, "x")
    assert len(slept) == 1
    assert 0 < slept[0] <= 1


def test_a_missing_server_is_a_failed_connection() -> None:
    with pytest.raises(errors.ConnectionFailedError):
        OriginalResponseClient("http://127.0.0.1:1").read("1", TOKEN)
