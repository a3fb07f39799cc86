"""Log lines become events, once each; the fleet becomes numbers, and its changes sentences."""

import json
from pathlib import Path

import pytest

from emulation.rig.log_lines import json_object
from emulation.rig.logs import GrowingLogs
from emulation.rig.state import StackState
from emulation.rig.telemetry import (
    event_of,
    fleet_series,
    note_of,
)

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
    assert event_of(queued) == ("12", "queued", TIME)
    verified = {"time": TIME, "message": "The interaction is verified", "interaction": "12"}
    assert event_of(verified) == ("12", "verified", TIME)
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
        ("protection", "off", {}, "Task 01234567 is no longer protected"),
        ("task", "PENDING", {"instance": "i-1"}, "Task 01234567 is PENDING on i-1"),
        ("task", "STOPPED", {"reason": "why"}, "Task 01234567 is STOPPED: why"),
    ],
)
def test_a_change_of_the_fleet_becomes_a_sentence(
    what: str, state: str, more: dict[str, str], expected: str
) -> None:
    entry = {"what": what, "name": "0123456789ab", "state": state, **more}
    assert note_of(entry) == expected
