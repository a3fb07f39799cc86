"""Log lines become events, once each; the fleet becomes numbers, and its changes sentences."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from emulation.rig.job_reports import JobEvent, event_of, log_line
from emulation.rig.log_lines import json_object
from emulation.rig.logs import GrowingLogs
from emulation.rig.state import StackState
from emulation.rig.telemetry import condition_of, fleet_report, fleet_series, next_pause, note_of

TIME = "2026-01-02T03:04:05.678Z"
STATE = StackState(
    target="host",
    ecs_cluster_name="demo",
    ecs_service_name="demo-worker",
    auto_scaling_group_name="demo-worker",
)
FLEET = {
    "desired": {"services": {"demo/demo-worker": 3}, "groups": {"demo-worker": 2}},
    "tasks": [
        {"service": "demo/demo-worker", "status": "RUNNING", "protected": True},
        {"service": "demo/demo-worker", "status": "PENDING", "protected": False},
        {"service": "demo/demo-worker", "status": "PROVISIONING", "protected": False},
        {"service": "demo/demo-worker", "status": "STOPPED", "protected": False},
    ],
    "instances": [{"phase": "InService"}, {"phase": "Pending"}, {"phase": "Terminating:Wait"}],
}


def test_a_line_is_read_once_it_is_complete(tmp_path: Path) -> None:
    logs = GrowingLogs(tmp_path, "worker-*.log")
    (tmp_path / "emulator.log").write_text("not ours\n")
    path = tmp_path / "worker-1.log"
    path.write_text("first\nsec")
    assert list(logs.new_lines()) == ["first"]
    with path.open("a") as log:
        log.write("ond\n")
    (tmp_path / "worker-2.log").write_text("other\n")
    assert list(logs.new_lines()) == ["second", "other"]
    assert list(logs.new_lines()) == []


def test_only_structured_lines_of_a_job_are_events() -> None:
    queued = {"time": TIME, "message": "The job is queued", "job": "12"}
    assert event_of(queued) == JobEvent("12", "queued", TIME)
    verified = {"time": TIME, "message": "The interaction is verified", "interaction": "12"}
    assert event_of(verified) == JobEvent("12", "verified", TIME)
    for line in (
        "START RequestId: 1",
        "[]",
        "{",
        json.dumps({"message": "The job is queued"}),
        "7",
    ):
        assert event_of(json_object(line)) is None


def test_tasks_and_instances_are_counted_by_phase() -> None:
    assert dict(fleet_series(FLEET, STATE)) == {
        "tasks/desired": 3,
        "tasks/starting": 2,
        "tasks/running": 1,
        "tasks/protected": 1,
        "instances/desired": 2,
        "instances/starting": 1,
        "instances/in_service": 1,
        "instances/leaving": 1,
    }


@pytest.mark.parametrize(
    ("what", "state", "more", "expected"),
    [
        ("service", "2", {}, "Desired count is 2"),
        ("group", "2", {}, "Desired capacity is 2"),
        ("instance", "InService", {}, "Instance 0123456789ab: InService"),
        ("container_instance", "off", {}, "Instance 0123456789ab has left the cluster"),
        ("interruption", "notice", {}, "Instance 0123456789ab: Spot notice"),
        ("protection", "off", {}, ""),
        ("task", "PENDING", {"instance": "i-1"}, "Task 01234567 is PENDING on i-1"),
        ("task", "STOPPED", {"reason": "why"}, "Task 01234567 is STOPPED: why"),
    ],
)
def test_a_change_of_the_fleet_becomes_a_sentence(
    what: str, state: str, more: dict[str, str], expected: str
) -> None:
    entry = {"what": what, "name": "0123456789ab", "state": state, **more}
    assert note_of(entry) == expected


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        ("failed", "failed"),
        ("refused", "failed"),
        ("gone", "failed"),
        ("retry", "given_back"),
        ("abandon", "given_back"),
    ],
)
def test_a_job_that_is_tried_again_has_not_failed(outcome: str, event: str) -> None:
    line = {"time": TIME, "message": "The job failed", "job": "12", "outcome": outcome}
    found = event_of(line)
    assert found == JobEvent("12", event, TIME)
    assert found.ends_work


def test_a_line_of_a_log_has_its_other_fields_and_its_traceback() -> None:
    line = {
        "time": TIME, "level": "ERROR", "logger": "worker", "message": "The job failed",
        "job": "12", "outcome": "failed", "traceback": "not twice",
    }  # fmt: skip
    assert log_line("worker-1", line, "Traceback ...") == {
        "at": TIME,
        "source": "worker-1",
        "level": "ERROR",
        "text": "The job failed outcome=failed",
        "trace": "Traceback ...",
    }


def test_the_fleet_is_reported_without_what_changes_with_each_batch() -> None:
    task = {"task": "12", "status": "RUNNING", "instance": "i-1", "reason": "", "service": "s"}
    instance = {
        "instance": "i-1", "phase": "InService", "instance_type": "g4dn.xlarge", "spot": True,
        "registered": True, "draining": False,
    }  # fmt: skip
    reports = [
        fleet_report({"tasks": [task | {"protected": protected}], "instances": [instance]})
        for protected in (True, False)
    ]
    assert reports[0] == reports[1]
    assert reports[0]["tasks"][0]["instance"] == reports[0]["instances"][0]["id"]


def test_a_stack_that_does_nothing_is_looked_at_every_third_second() -> None:
    pauses = [1.0]
    for is_news in (False, False, False, False, True, True):
        pauses.append(next_pause(pauses[-1], is_news=is_news))
    assert pauses == [1, 1.5, 2.25, 3, 3, 1, 1]


def test_an_emulator_that_is_dead_is_told_from_one_that_is_slow() -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/up":
                return httpx.Response(200)
            case "/slow":
                raise httpx.ReadTimeout("no answer", request=request)
            case _:
                raise httpx.ConnectError("refused", request=request)

    with httpx.Client(transport=httpx.MockTransport(answering)) as http:
        for path in ("up", "slow", "down"):
            assert condition_of(http, f"http://emulator.test/{path}") == path


def test_the_stand_in_and_the_telemetry_run_in_an_image_that_cannot_deploy() -> None:
    """It holds no `infra`: see docker/rig.Dockerfile."""
    line = "import sys; sys.modules['infra'] = None; import discord_stand_in.app"
    line += "; import emulation.rig.telemetry"
    ended = subprocess.run(
        [sys.executable, "-c", line], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
