"""`ecs_fleet_emulator.testing` says why an emulator cannot start, and how others reach one."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

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


def test_a_port_that_another_program_has_is_not_taken_for_the_emulators(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), _Healthy) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        port = other.server_port
        with (
            pytest.raises(EmulatorStartError, match=f"127.0.0.1:{port} "),
            running(python=Path(sys.executable), port=port, folder=tmp_path),
        ):
            pass
        other.shutdown()


class _Healthy(BaseHTTPRequestHandler):
    """Answers as an emulator that is up."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")


def test_other_programs_reach_the_emulator_and_no_account_of_the_persons() -> None:
    aws = Emulator("http://127.0.0.1:1", "eu-west-1", Path("log"))
    environment = aws.environment()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"]
    for client in (aws.client("sqs"), aws.session().resource("sqs").meta.client):
        assert client.meta.endpoint_url == "http://127.0.0.1:1"
        assert client.meta.region_name == "eu-west-1"
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
