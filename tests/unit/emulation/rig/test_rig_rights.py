"""`python -m emulation rights` on a running stack: used and unused rights, and denials."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emulation.rig.cli.main import app
from emulation.rig.errors import RigError
from emulation.rig.state import StackState, StateFolder

DENIAL = "User: x is not authorized to perform: sqs:SendMessage on resource: y"
ENFORCED = {
    "enforced": True,
    "roles": {
        "arn:aws:iam::000000000000:role/bot-task": {
            "used": {"sqs:ReceiveMessage": 3},
            "unused": ["sqs:DeleteMessage"],
        }
    },
    "denied": 1,
    "denials": [{"at": "now", "principal": "x", "message": DENIAL}],
}


@pytest.fixture
def answer() -> dict[str, Any]:
    """What the emulator answers."""
    return dict(ENFORCED)


@pytest.fixture
def stack(tmp_path: Path, answer: dict[str, Any]) -> Iterator[Path]:
    """The folder of a stack whose emulator knows its rights only."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/_emulator/iam"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    StateFolder(tmp_path).save(StackState(target="host", ready=True, aws_endpoint=endpoint))
    yield tmp_path
    server.shutdown()
    server.server_close()


def run(stack: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["rights", "--state-dir", str(stack), *options])
    if result.exception:
        raise result.exception
    return result.output


def test_rights_and_denials_are_shown(stack: Path) -> None:
    lines = [line.split() for line in run(stack).splitlines()]
    assert ["bot-task"] in lines
    assert ["used", "sqs:ReceiveMessage"] in lines
    assert ["unused", "sqs:DeleteMessage"] in lines
    assert ["denied", *DENIAL.split()] in lines


def test_rights_are_json_for_programs(stack: Path) -> None:
    assert json.loads(run(stack, "--json")) == {
        "enforced": True,
        "used": {"bot-task": {"sqs:ReceiveMessage": 3}},
        "unused": {"bot-task": ["sqs:DeleteMessage"]},
        "denied": 1,
        "denials": [DENIAL],
    }


def test_a_stack_without_enforcement_says_how_to_start_it(
    stack: Path, answer: dict[str, Any]
) -> None:
    answer.clear()
    answer["enforced"] = False
    with pytest.raises(RigError, match="make local-up IAM=enforce"):
        run(stack)
