"""A rehearsal on an emulator that somebody else started: the stand-in alone is the rig's."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from emulation.rig import rehearsal
from emulation.rig.errors import StartError
from emulation.rig.host import processes
from emulation.rig.host.parts import Parts
from emulation.rig.loopback import url_of
from emulation.rig.options import StackOptions
from emulation.rig.state import ProcessRecord, StackState, StateFolder
from toolchain.layout import Layout


class Healthy(BaseHTTPRequestHandler):
    """Answers each GET with 200, as an emulator does at its address of health."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Healthy)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield url_of(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


def start(folder: Path, endpoint: str) -> StackState:
    layout = Layout(folder)  # in which no emulator is set up
    return rehearsal.start(layout, StateFolder(folder / "stack"), StackOptions(), endpoint)


def test_the_stand_in_alone_is_started_and_commands_reach_the_other_emulator(
    tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def stand_in(_: Parts, port: int) -> ProcessRecord:
        started.append(f"stand-in at {port}")
        return ProcessRecord("discord", 1, 0.0, "log")

    monkeypatch.setattr(Parts, "start_stand_in", stand_in)
    monkeypatch.setattr("emulation.rig.host.parts.answers", lambda _: True)
    monkeypatch.setattr(processes, "find", lambda _: object())
    state = start(tmp_path, endpoint)
    assert len(started) == 1
    assert state.aws_endpoint == endpoint
    variables = rehearsal.environment(StateFolder(tmp_path), state, tmp_path / "file")
    assert variables["AWS_ENDPOINT_URL"] == endpoint
    assert variables["DEPLOY_ENDPOINT_URL"].startswith(f"{endpoint}/_aws/execute-api/")


def test_an_address_where_nothing_answers_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    with pytest.raises(StartError, match="Nothing answers at EMULATOR_ENDPOINT=http"):
        start(tmp_path, url_of(1))
    with pytest.raises(StartError, match=r"an address without a path is needed"):
        start(tmp_path, "http://127.0.0.1:4566/")
    assert list(tmp_path.iterdir()) == []
