"""Every call that a client's REST methods make of a route that the stand-in has."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fixtures.discord.signing import application
from tests.conformance.discord.hikari_calls import all_calls
from tests.standin_in_process import ADA, GUILD, PICTURES, USER_AGENT
from tests.standin_server import Server, serving

INVALID_FORM, UNKNOWN_PERMISSIONS, NOT_FOR_BOTS = 50035, 10066, 20001


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("standin")
    with serving(folder, "--no-rate-limits", "--answer-seconds", "30") as server:
        yield server


def test_hikari_calls_every_route_that_there_is(server: Server) -> None:
    calls = asyncio.run(asyncio.wait_for(all_calls(server.url), 120))
    # Discord refuses the last two as well: no permissions are set, and a bot may not set them.
    assert calls.failed == {
        "forward_message": str(INVALID_FORM),
        "create_voice_message": str(INVALID_FORM),
        "execute_webhook_voice_message": str(INVALID_FORM),
        "fetch_application_command_permissions": str(UNKNOWN_PERMISSIONS),
        "set_application_command_permissions": str(NOT_FOR_BOTS),
    }
    assert calls.passed > 80


def test_discord_js_calls_every_route_that_there_is(server: Server, node_modules: Path) -> None:
    given = {"url": server.url, "token": application()["bot_token"]}
    given |= {"channel": PICTURES, "guild": GUILD, "user": ADA}
    done = subprocess.run(
        ["node", "discordjs_calls.mjs"],
        cwd=node_modules,
        input=json.dumps(given) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    calls = json.loads(done.stdout)
    assert calls["failed"] == {"forward": INVALID_FORM}
    assert calls["passed"] > 70


def test_a_connection_is_kept_after_answers_and_errors(server: Server) -> None:
    """A client that wants none, as hikari by default, says `Connection: close` itself."""
    headers = {"Authorization": f"Bot {application()['bot_token']}", "User-Agent": USER_AGENT}
    connection = HTTPConnection(server.url.removeprefix("http://"))
    ports = set()
    for path, status in (("users/@me", 200), ("users/1", 404), ("nowhere", 404)):
        connection.request("GET", f"/api/v10/{path}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.getheader("Connection")) == (status, None)
        assert connection.sock is not None
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert len(ports) == 1
