"""`python -m emulation.rig.telemetry --state-dir DIR`: reports a stack to its stand-in.

The operations page of the stand-in shows the queue, the fleet and its alarms as series, changes of
the fleet as notes, and what the product logs on each interaction's timeline.
"""

import argparse
import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emulation.rig import status
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.errors import RigError
from emulation.rig.host.parts import TASK_LOGS
from emulation.rig.log_lines import json_object, traceback_of
from emulation.rig.logs import FunctionLog, GrowingLogs
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import StackState, StateFolder

_PAUSE_SECONDS = 1.0
_SHORT_ID = 8
_NOTE_LENGTH = 2000
"""Characters of a traceback that the page shows: its end, which says what went wrong."""
_MEMBERSHIP = {
    "ACTIVE": "has joined the cluster",
    "DRAINING": "is draining",
    "off": "has left the cluster",
}
_ALARM_VALUES = {"ALARM": 1.0, "OK": 0.0, "INSUFFICIENT_DATA": -1.0}
_STARTING = ("PROVISIONING", "PENDING")
EVENTS = {
    "The interaction is verified": "verified",
    "The job is queued": "queued",
    "The job is leased": "leased",
    "The drawing of the job begins": "generating",
    "The job failed": "failed",
    "Unexpected error": "failed",
}
"""Message of a structured log line, and the event that it stands for."""


class Telemetry:
    """Reports one stack to its stand-in."""

    def __init__(self, folder: StateFolder, state: StackState) -> None:
        self._stand_in = StandInClient(state.discord_url)
        self._workers = GrowingLogs(folder.logs, TASK_LOGS)
        self._functions = FunctionLog(state, "interactions")
        self._state = state
        self._agent = FleetAgentClient(state.aws_endpoint)
        self._sent: dict[str, float] = {}
        self._noted = 0

    def report(self) -> None:
        """Send what is new since the last call."""
        for line in chain(self._functions.new_messages(), self._workers.new_lines()):
            if event := event_of(json_object(line)):
                # The stand-in does not know jobs that were put on the queue without it.
                with contextlib.suppress(RigError):
                    self._stand_in.add_to_timeline(*event)
            if raised := traceback_of(line):
                self._stand_in.add_note(raised[-_NOTE_LENGTH:], time.time())
        for name, value in self._series():
            # The page draws a level line from a point to the next.
            if self._sent.get(name) != value:
                self._sent[name] = value
                self._stand_in.add_to_series(name, value)
        for entry in self._agent.history(self._noted):
            self._stand_in.add_note(note_of(entry), entry["at"])
            self._noted = entry["number"]

    def _series(self) -> Iterator[tuple[str, float]]:
        """Names of series and their values; those that cannot be read now are left out."""
        for name, depth in vars(status.queue_depths(self._state)).items():
            if depth is not None:
                yield f"queue/{name}", float(depth)
        try:
            yield from fleet_series(self._agent.state(), self._state)
            for name, value in status.alarm_states(self._state).items():
                yield f"alarm/{name}", _ALARM_VALUES[value]
        except (RigError, BotoCoreError, ClientError):
            return


def fleet_series(fleet: dict[str, Any], state: StackState) -> Iterator[tuple[str, float]]:
    """Numbers of tasks and instances in each phase."""
    service = f"{state.ecs_cluster_name}/{state.ecs_service_name}"
    tasks = Counter(task["status"] for task in fleet["tasks"] if task["service"] == service)
    yield "tasks/desired", float(fleet["desired"]["services"].get(service, 0))
    yield "tasks/starting", float(sum(tasks[status] for status in _STARTING))
    yield "tasks/running", float(tasks["RUNNING"])
    yield "tasks/protected", float(sum(bool(task["protected"]) for task in fleet["tasks"]))
    instances = Counter(instance["phase"] for instance in fleet["instances"])
    yield (
        "instances/desired",
        float(fleet["desired"]["groups"].get(state.auto_scaling_group_name, 0)),
    )
    yield "instances/starting", float(instances["Pending"] + instances["Pending:Wait"])
    yield "instances/in_service", float(instances["InService"])
    yield "instances/leaving", float(sum(n for phase, n in instances.items() if "Termin" in phase))


def note_of(entry: dict[str, Any]) -> str:
    """An entry of the fleet agent's history as a sentence."""
    name, state = str(entry["name"]), str(entry["state"])
    match entry["what"]:
        case "service":
            return f"Desired count is {state}"
        case "group":
            return f"Desired capacity is {state}"
        case "instance":
            return f"Instance {name}: {state}"
        case "container_instance":
            return f"Instance {name} {_MEMBERSHIP.get(state, state)}"
        case "interruption":
            return f"Instance {name}: Spot {state}"
        case "protection":
            return f"Task {name[:_SHORT_ID]} is {'' if state == 'on' else 'no longer '}protected"
        case _:
            where = f" on {entry['instance']}" if state == "PENDING" else ""
            why = f": {entry['reason']}" if entry.get("reason") else ""
            return f"Task {name[:_SHORT_ID]} is {state}{where}{why}"


def event_of(line: dict[str, Any]) -> tuple[str, str, str] | None:
    """The interaction, event and time (ISO 8601) that a structured log line records, or None."""
    name = EVENTS.get(str(line.get("message")))
    interaction_id = line.get("job") or line.get("interaction")
    if name is None or not isinstance(interaction_id, str):
        return None
    return interaction_id, name, str(line.get("time"))


def main() -> None:
    """Report the stack in the folder that the command line names, every second."""
    parser = argparse.ArgumentParser(prog="python -m emulation.rig.telemetry")
    parser.add_argument("--state-dir", type=Path, required=True)
    folder = StateFolder(parser.parse_args().state_dir)
    state = folder.load()
    if state is None:
        raise SystemExit(f"no stack in {folder.path}")
    telemetry = Telemetry(folder, state)
    while True:
        # The stand-in or the emulator may be busy, or stopping: the next report catches up.
        with contextlib.suppress(RigError):
            telemetry.report()
        time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
