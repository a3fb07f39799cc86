"""Log lines become events on a timeline, each once."""

import json
from pathlib import Path

from emulation.rig.telemetry import GrowingLogs, TimelineEvent, event_of, json_object

TIME = "2026-01-02T03:04:05.678Z"


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
    queued = {"time": TIME, "message": "Queued", "job": "12"}
    assert event_of(queued) == TimelineEvent("12", "queued", TIME)
    verified = {"time": TIME, "message": "Verified", "interaction": "12"}
    assert event_of(verified) == TimelineEvent("12", "verified", TIME)
    for line in ("START RequestId: 1", "[]", "{", json.dumps({"message": "Queued"}), "7"):
        assert event_of(json_object(line)) is None
