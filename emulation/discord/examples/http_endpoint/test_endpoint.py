"""The endpoint of bot.py answers signed interactions, and refuses others."""

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from bot import server

from discord_stand_in.testing import StandIn

COMMANDS = [{"name": "roll", "description": "Roll a die"}]


@pytest.fixture
def endpoint(discord_stand_in: StandIn) -> Iterator[str]:
    """The bot's address, set as the application's interactions endpoint, which Discord checks."""
    bot = server(discord_stand_in.public_key)
    threading.Thread(target=bot.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{bot.server_port}"
    discord_stand_in.set_endpoint(url)
    discord_stand_in.register(COMMANDS)
    yield url
    bot.shutdown()
    bot.server_close()


@pytest.mark.usefixtures("endpoint")
def test_a_die_is_rolled(discord_stand_in: StandIn) -> None:
    answer = discord_stand_in.command("roll")
    assert answer.outcome == "answered", answer.error
    assert re.fullmatch("A [1-6]", discord_stand_in.wait_for_message("A ").content)


def test_an_unsigned_request_is_refused(endpoint: str) -> None:
    headers = {"X-Signature-Ed25519": "00" * 64, "X-Signature-Timestamp": "0"}
    request = urllib.request.Request(endpoint, b'{"type": 1}', headers)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=10)
