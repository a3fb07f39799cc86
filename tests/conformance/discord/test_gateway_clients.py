"""Clients of others on the Gateway, by their own connection code; only the address differs."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from subprocess import PIPE
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import httpx
import pytest

from emulation.rig.waiting import wait_until
from fixtures.discord.signing import application
from tests.conformance.discord.client_environments import BOTS, environment_of
from tests.standin_server import serving
from toolchain.layout import Layout, python_of

SILENT_SECONDS = 60.0
IMAGINE = {"command": "imagine", "options": {"prompt": "a red circle"}}


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A stand-in whose application has no endpoint; a client may take its time to come back."""
    folder = tmp_path_factory.mktemp("standin")
    with (
        serving(folder, "--answer-seconds", "30", "--no-rate-limits") as server,
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as http,
    ):
        yield http


class Bot:
    """A bot in a process of its own, which prints what happens to it."""

    def __init__(self, process: "subprocess.Popen[str]", errors: Path) -> None:
        """`errors`: the file that its standard error goes to."""
        self._errors = errors
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    def _read(self, printed: Iterable[str]) -> None:
        for line in printed:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, word: str) -> str:
        """The rest of the next line that begins with a word.

        Raises:
            AssertionError: it ended or printed nothing for a minute; the text has its own error.
        """
        try:
            while (line := self._lines.get(timeout=SILENT_SECONDS)) is not None:
                if line.startswith(f"{word} ") or line.strip() == word:
                    return line.removeprefix(word).strip()
            what = "ended before it printed"
        except Empty:
            what = f"has been silent for {SILENT_SECONDS:g} s and did not print"
        raise AssertionError(f"The bot {what} {word!r}.\n{self._errors.read_text()[-4_000:]}")


@contextmanager
def running(http: httpx.Client, *command: str, folder: Path = BOTS) -> Iterator[Bot]:
    """A bot that is ready; it ends when its input does, or when one of its handlers raises."""
    with (
        TemporaryDirectory() as temporary,
        Path(temporary, "errors").open("w+") as errors,
        subprocess.Popen(
            command, cwd=folder, text=True, stdin=PIPE, stdout=PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdin is not None
        given = {"url": str(http.base_url).rstrip("/"), "token": application()["bot_token"]}
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
        try:
            bot = Bot(process, Path(errors.name))
            assert "The Studio" in bot.wait_for("ready")
            yield bot
            process.stdin.close()
            assert process.wait(30) == 0, Path(errors.name).read_text()
        finally:
            process.kill()


def connected_session(http: httpx.Client) -> str:
    """The id of the one session that is connected; a client may be on its way back."""

    def connected() -> list[str]:
        sessions = http.get("/control/gateway").json()["sessions"]
        return [one["id"] for one in sessions if one["connected"]]

    wait_until(lambda: len(connected()) == 1, "one session is connected")
    [session] = connected()
    return session


def send(http: httpx.Client, bot: Bot) -> dict[str, Any]:
    """Have the bot handle a command; the interaction as it is then."""
    pool = ThreadPoolExecutor(1)
    sending = pool.submit(http.post, "/control/interactions", json=IMAGINE)
    # A bot that raises never answers: the test does not wait for that.
    pool.shutdown(wait=False)
    handled_by = bot.wait_for("handled")
    sent = sending.result().json()
    assert sent["outcome"] == "answered", sent
    assert handled_by == f"{sent['interaction_id']} ada"
    handled: dict[str, Any] = http.get(f"/control/interactions/{sent['interaction_id']}").json()
    return handled


def check(http: httpx.Client, bot: Bot) -> None:
    """A bot answers; it also gets what came while it was not connected, in the same session."""
    handled = send(http, bot)
    names = [event["name"] for event in handled["events"]]
    wanted = ["created", "delivered", "answered", "uploaded", "followed_up", "deleted"]
    assert [name for name in names if name in wanted] == wanted
    assert handled["message"]["content"] == "Done"
    assert [file["filename"] for file in handled["message"]["attachments"]] == ["a.png"]
    session = connected_session(http)
    for act in ("close", "reconnect"):
        assert http.post(f"/control/gateway/{act}", json={}).json()["sessions"] == [session]
        assert send(http, bot)["deliveries"] == 1
        assert connected_session(http) == session


def test_discord_py(standin: httpx.Client) -> None:
    with running(standin, sys.executable, "discord_py.py") as bot:
        check(standin, bot)


def test_py_cord(standin: httpx.Client) -> None:
    with running(standin, environment_of("py-cord"), "py_cord.py") as bot:
        check(standin, bot)


def test_nextcord(standin: httpx.Client) -> None:
    """It needs Python 3.12 or newer."""
    layout = Layout.of_this_checkout()
    python = environment_of("nextcord", python_of(layout.emulator_environment()))
    with running(standin, python, "nextcord_bot.py") as bot:
        check(standin, bot)


def test_interactions_py(standin: httpx.Client) -> None:
    with running(standin, environment_of("interactions-py"), "interactions_py.py") as bot:
        check(standin, bot)


def test_hikari(standin: httpx.Client) -> None:
    with running(standin, sys.executable, "hikari_bot.py") as bot:
        check(standin, bot)


def test_discord_js(standin: httpx.Client, node_modules: Path) -> None:
    with running(standin, "node", "discordjs.mjs", folder=node_modules) as bot:
        check(standin, bot)
