"""`python -m emulation advance` lets time pass on a stack's emulator, or says why it can't."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emulation.rig.cli.main import app
from emulation.rig.errors import ControlError
from emulation.rig.state import StackState, StateFolder

SETTINGS: dict[str, Any] = {"status": 200, "answer": {"moments": {"schedules": 15, "alarms": 90}}}


@pytest.fixture
def requests() -> list[Any]:
    """The bodies that the emulator gets."""
    return []


@pytest.fixture
def stack(tmp_path: Path, requests: list[Any], request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder of a stack whose emulator knows its clock only."""
    settings = getattr(request, "param", SETTINGS)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/_emulator/clock/advance"
            length = int(self.headers["Content-Length"])
            requests.append(json.loads(self.rfile.read(length)))
            self.send_response(settings["status"])
            self.end_headers()
            self.wfile.write(json.dumps(settings["answer"]).encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    StateFolder(tmp_path).save(StackState(target="host", ready=True, aws_endpoint=endpoint))
    yield tmp_path
    server.shutdown()
    server.server_close()


def run(stack: Path, **environment: str) -> str:
    result = CliRunner().invoke(app, ["advance", "--state-dir", str(stack)], env=environment)
    if result.exception:
        raise result.exception
    return result.output


def test_a_quarter_of_an_hour_passes_and_what_happened_is_counted(
    stack: Path, requests: list[Any]
) -> None:
    assert "15 minutes have passed. Moments: 90 of alarms, 15 of schedules." in run(stack)
    assert requests == [{"seconds": 900}]


def test_make_gives_the_minutes(stack: Path, requests: list[Any]) -> None:
    run(stack, RIG_MINUTES="0.5")
    assert requests == [{"seconds": 30}]


@pytest.mark.parametrize(
    "stack", [{"status": 400, "answer": {"error": "a function goes on"}}], indirect=True
)
def test_why_time_was_not_moved_is_said(stack: Path) -> None:
    with pytest.raises(ControlError, match="Time was not moved: a function goes on"):
        run(stack)
