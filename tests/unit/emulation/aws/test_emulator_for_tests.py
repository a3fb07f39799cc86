"""`ecs_fleet_emulator.testing` says why an emulator cannot start, and how others reach one."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ecs_fleet_emulator import client
from ecs_fleet_emulator.testing import (
    Emulator,
    EmulatorStartError,
    EmulatorTimeoutError,
    Tasks,
    _queue_metrics_seconds,
    running,
)


def test_a_python_without_localstack_is_told_what_to_install(tmp_path: Path) -> None:
    """As the project's own environment is one."""
    with (
        pytest.raises(EmulatorStartError, match=r"ecs-fleet-emulator\[runtime\].*Python 3\.13"),
        running(python=Path(sys.executable), folder=tmp_path),
    ):
        pass


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(EmulatorStartError, match="no-python"),
        running(python=tmp_path / "no-python", folder=tmp_path),
    ):
        pass


class Answering(BaseHTTPRequestHandler):
    """Answers as an emulator that is up, as soon as it may."""

    may_answer: threading.Event

    def do_GET(self) -> None:
        self.may_answer.wait(20)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with contextlib.suppress(ConnectionError):  # who asked has gone
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815


@pytest.fixture
def other() -> Iterator[ThreadingHTTPServer]:
    """A server that is no emulator of these tests."""
    Answering.may_answer = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield other
        Answering.may_answer.set()
        other.shutdown()


def test_a_port_that_another_program_has_is_not_taken_for_the_emulators(
    tmp_path: Path, other: ThreadingHTTPServer
) -> None:
    Answering.may_answer.set()
    port = other.server_port
    with (
        pytest.raises(EmulatorStartError, match=f"127.0.0.1:{port} "),
        running(python=Path(sys.executable), port=port, folder=tmp_path),
    ):
        pass


def test_time_may_take_longer_to_pass_than_other_answers_take(
    other: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_ANSWER_SECONDS", 0.05)
    aws = Emulator(f"http://127.0.0.1:{other.server_port}", "eu-west-1", Path("log"))
    with pytest.raises(OSError, match="timed out"):
        aws.fleet()
    threading.Timer(0.2, Answering.may_answer.set).start()
    aws.advance(60)


def test_other_programs_reach_the_emulator_and_no_account_of_the_persons() -> None:
    aws = Emulator("http://127.0.0.1:1", "eu-west-1", Path("log"))
    environment = aws.environment()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"]
    for made in (aws.client("sqs"), aws.session().resource("sqs").meta.client):
        assert made.meta.endpoint_url == "http://127.0.0.1:1"
        assert made.meta.region_name == "eu-west-1"
    assert not aws.is_up()


def test_what_does_not_happen_is_named() -> None:
    aws = Emulator("http://127.0.0.1:1", "eu-west-1", Path("log"))
    with pytest.raises(EmulatorTimeoutError, match="until pigs fly"):
        aws.wait_for(lambda: None, "pigs fly", seconds=0)


@pytest.mark.parametrize(("alarm_speed", "seconds"), [(None, "60"), (10, "6"), (600, "1")])
def test_queues_report_their_metrics_in_the_time_of_alarms(
    alarm_speed: float | None, seconds: str
) -> None:
    fleet = {} if alarm_speed is None else {"alarm_speed": alarm_speed}
    assert _queue_metrics_seconds(Tasks(fleet=fleet)) == seconds
