"""Edits of a checkout reach its running stack: commands, handlers, options; errors are shown.

The stack is paused: how workers are replaced is tested where there are some (test_rig_cli).
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from discord_diffusion.discord.message_content import text_of
from emulation.rig.host import debugging
from emulation.rig.host import stack as host
from emulation.rig.loopback import is_free
from emulation.rig.options import StackOptions
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState, StateFolder
from emulation.rig.waiting import wait_until
from fixtures.discord.signing import application
from tests.debug_adapter_client import DebugClient
from tests.rehearsals import LAYOUT, copy_of_checkout
from tests.stack import ANSWER_SECONDS
from tests.targets import HOST, TARGET

pytestmark = pytest.mark.skipif(TARGET != HOST, reason="only processes run the checkout's code")
PATIENCE_SECONDS = 120
OLD, NEW = "Your place in the queue", "Where you are in the queue"
HANDLERS = "src/discord_diffusion/functions/interactions"


@dataclass(frozen=True)
class Checkout:
    """A checkout with a stack of its own that is watched."""

    root: Path
    folder: StateFolder

    def run(self, *words: str, status: int = 0) -> str:
        """`python -m emulation ...` in the checkout; returns what it printed."""
        path = os.pathsep.join((str(self.root / "src"), str(self.root)))
        ended = subprocess.run(
            [sys.executable, "-m", "emulation", *words, "--state-dir", str(self.folder.path)],
            env={**os.environ, "PYTHONPATH": path},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == status, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def wait_for_answers(self, seconds: float) -> None:
        """Let Discord wait so long for the first response to an interaction."""
        StandInClient(self.state.discord_url).set_answer_seconds(seconds)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text in one of the checkout's files."""
        path = self.root / file
        assert path.read_text().count(old) == 1
        path.write_text(path.read_text().replace(old, new))

    @property
    def state(self) -> StackState:
        """The stack's state."""
        state = self.folder.load()
        assert state is not None
        return state

    def descriptions(self) -> list[str]:
        """The descriptions of the registered commands, as Discord shows them."""
        path = f"/applications/{application()['application_id']}/commands"
        headers = {
            "Authorization": f"Bot {application()['bot_token']}",
            "User-Agent": "DiscordBot (test, 1)",
        }
        url = self.state.discord_api_url + path
        answer = httpx.get(url, headers=headers, trust_env=False).raise_for_status()
        return [str(one.get("description")) for one in answer.json()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder for a copy of the checkout, in the same place in each run.

    A stack depends on its checkout's place, so its snapshot is found again. Of two runs at a time
    the second one has a place of its own.
    """
    folder = LAYOUT.build / "edited-checkout"
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            folder = tmp_path_factory.mktemp("edited-checkout")
        shutil.rmtree(folder, ignore_errors=True)
        yield folder


@pytest.fixture(scope="module")
def checkout(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    root = copy_of_checkout(place)
    (root / "build").mkdir()
    shutil.copy(LAYOUT.lambda_package, root / "build")
    checkout = Checkout(root, StateFolder(tmp_path_factory.mktemp("stack")))
    options = ("--minimum-tasks", "0", "--maximum-tasks", "0", "--watch")
    try:
        checkout.run("up", "--aws-port", "0", "--discord-port", "0", *options)
        # Each edit is followed by a cold start, which a busy machine may not do in Discord's 3 s.
        checkout.wait_for_answers(ANSWER_SECONDS)
        yield checkout
    finally:
        host.stop(checkout.folder)


def test_a_changed_command_appears_without_a_command_of_the_person(checkout: Checkout) -> None:
    assert any(OLD in text for text in checkout.descriptions())
    checkout.edit("src/discord_diffusion/texts/locales/commands/en.json", OLD, NEW)
    wait_until(
        lambda: any(NEW in text for text in checkout.descriptions()), "the change is registered"
    )
    assert "registered as they are" in checkout.run("register")


def test_a_handler_that_raises_shows_its_traceback_where_one_looks(checkout: Checkout) -> None:
    begin = "        request = PictureRequest(\n            self.builder.build("
    fault = '        {}["a missing key"]\n'
    requests = f"{HANDLERS}/picture_requests.py"
    place = 'File "src/discord_diffusion/functions/interactions/picture_requests.py", line'
    checkout.edit(requests, begin, fault + begin)
    for printed in (
        checkout.run("send", "--prompt", "a red circle", status=1),
        checkout.run("logs", "interactions"),
    ):
        assert place in printed
        assert "KeyError: 'a missing key'" in printed
    notes = f"{checkout.state.discord_url}/control/notes"
    wait_until(
        lambda: place in httpx.get(notes, trust_env=False).text.replace('\\"', '"'),
        "the operations page shows it",
    )
    checkout.edit(requests, fault + begin, begin)


def test_a_handler_that_cannot_be_imported_says_why(checkout: Checkout) -> None:
    handler = f"{HANDLERS}/handler.py"
    checkout.edit(
        handler, "from typing import Any\n", "import no_such_module\nfrom typing import Any\n"
    )
    printed = checkout.run("send", "--prompt", "a red circle", status=1)
    assert "No module named 'no_such_module'" in printed
    checkout.edit(handler, "import no_such_module\n", "")


def test_a_file_with_a_syntax_error_reloads_nothing_and_is_named(checkout: Checkout) -> None:
    router = f"{HANDLERS}/router.py"
    whole = (checkout.root / router).read_text()
    (checkout.root / router).write_text(whole + "broken = (\n")
    wait_until(lambda: "was never closed" in checkout.run("logs", "watcher"), "it is reported")
    assert router in checkout.run("logs", "watcher")
    (checkout.root / router).write_text(whole)


def launch_configuration(checkout: Checkout, name: str) -> dict[str, Any]:
    """A configuration of `.vscode/launch.json`, as VS Code reads it in the checkout."""
    text = (LAYOUT.root / ".vscode" / "launch.json").read_text()
    content = json.loads(text.replace("${workspaceFolder}", str(checkout.root)))
    return next(dict(one) for one in content["configurations"] if one["name"].startswith(name))


def test_a_function_stops_at_a_breakpoint_and_discord_waits_for_it(checkout: Checkout) -> None:
    checkout.wait_for_answers(StackOptions().answer_seconds)
    attach = launch_configuration(checkout, "interactions")
    where = f"{attach['connect']['host']}:{attach['connect']['port']}"
    assert f"Debug interactions  {where}" in checkout.run("up", "--debug", "interactions")
    assert where in checkout.run("status")
    file = checkout.root / HANDLERS / "parameters.py"
    lines = file.read_text().splitlines()
    line = 1 + next(n for n, text in enumerate(lines) if "self._size(options, guild)" in text)
    stand_in = StandInClient(checkout.state.discord_url, PATIENCE_SECONDS)
    with ThreadPoolExecutor() as pool:
        delivery = pool.submit(stand_in.deliver, "imagine", {"prompt": "a red circle"})
        port = int(attach["connect"]["port"])
        wait_until(lambda: not is_free(port), "the function waits for a debugger")
        with DebugClient(port, attach["pathMappings"]) as debugger:
            debugger.attach(file, line)
            path, stopped, thread = debugger.stopped_at()
            assert (Path(path), stopped) == (file, line)
            assert debugger.evaluate(thread, "options['prompt']") == "'a red circle'"
            # Longer than Discord waits, and than a function's calls have.
            time.sleep(StackOptions().answer_seconds + 0.5)
            debugger.go_on(thread)
            answered = delivery.result()
    assert answered["outcome"] == "answered"
    text = text_of(stand_in.interaction(answered["interaction_id"])["message"])
    assert "Queued" in text
    checkout.run("up", "--debug", "off")
    assert where not in checkout.run("status")
    checkout.wait_for_answers(ANSWER_SECONDS)
    assert stand_in.deliver("queue", {})["outcome"] == "answered"


def test_what_can_be_debugged_is_said_and_what_is_taken(checkout: Checkout) -> None:
    assert "There are: interactions, worker" in checkout.run("up", "--debug", "chat", status=1)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", debugging.PORTS["waiting"]))
        other.listen()
        refused = checkout.run("up", "--debug", "waiting", status=1)
    assert f"Port {debugging.PORTS['waiting']}, where a debugger attaches to waiting" in refused
    assert f"(pid {os.getpid()})" in refused
    assert checkout.state.options["debug"] == []


def test_an_option_is_changed_in_place_and_the_others_are_kept(checkout: Checkout) -> None:
    before = checkout.state
    assert "SPEED=60" in checkout.run("up", "--speed", "60")
    after = checkout.state
    assert after.options == before.options | {"speed": 60}
    assert after.processes == before.processes
    refused = checkout.run("up", "--iam", "enforce", status=1)
    assert "IAM=enforce" in refused
    assert "make local-down" in refused
    assert checkout.state.options == after.options
