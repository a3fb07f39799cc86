"""`python -m emulation.rig.telemetry --state-dir DIR`: reports a stack to its stand-in.

The operations page of the stand-in shows the queue, the fleet and its alarms as series, tasks and
instances as lists, changes of the fleet as notes, and what the product logs on each interaction's
timeline and in its log. A thread of its own reports whether the emulator answers.
"""

import argparse
import contextlib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from ecs_fleet_emulator.launch import HEALTH_PATH
from emulation.rig import status
from emulation.rig.crashes import crashes, is_crash
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.errors import RigError
from emulation.rig.experiments import Experiments
from emulation.rig.job_reports import JobEvent, event_of, is_metric, log_line, subject_of
from emulation.rig.log_lines import json_object, traceback_of
from emulation.rig.logs import FunctionLog, GrowingLogs
from emulation.rig.loopback import NO_CERTIFICATES
from emulation.rig.reported_experiments import ReportedExperiments
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import EMULATOR, TASK_LOGS, StackState, StateFolder

_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 3.0
_ANSWER_SECONDS = 1.0
"""How long the emulator may take to say that it is well."""
_FIRST_FUNCTION = "interactions"
_OTHER_FUNCTIONS_EVERY = 5
"""The logs of the other functions are read in each fifth report: they say little."""
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


class Telemetry:
    """Reports one stack to its stand-in."""

    def __init__(self, folder: StateFolder, state: StackState) -> None:
        self._stand_in = StandInClient(state.discord_url)
        self._workers = GrowingLogs(folder.logs, TASK_LOGS)
        self._logs = folder.logs
        # What other functions logged while the stack was being made is no news.
        self._functions = {
            name: FunctionLog(state, name, None if name == _FIRST_FUNCTION else time.time())
            for name in state.function_names
        }
        self._state = state
        self._agent = FleetAgentClient(state.aws_endpoint)
        self._experiments = ReportedExperiments(self._stand_in, Experiments(state))
        self._sent: dict[str, float] = {}
        self._fleet: dict[str, Any] = {}
        self._noted = 0
        self._reports = 0
        self._tasks: dict[str, str] = {}
        """The task that works on each job, by the beginning of its id."""

    def report(self) -> bool:
        """Send what is new since the last call; whether anything is."""
        series = list(self._series())
        is_news = self._report_logs()
        self._experiments.report()
        for name, value in series:
            # The page draws a level line from a point to the next.
            if self._sent.get(name) != value:
                is_news = True
                self._sent[name] = value
                self._stand_in.add_to_series(name, value)
        for entry in self._agent.history(self._noted):
            is_news = True
            if note := note_of(entry):
                self._stand_in.add_note(note + self._crash(entry), entry["at"])
            if entry["what"] == "task" and entry["state"] == "STOPPED":
                self._report_lost_jobs(entry)
            self._noted = entry["number"]
        self._reports += 1
        return is_news

    def _report_logs(self) -> bool:
        """Put new lines of logs into the timelines and the logs of what they are about; whether
        there are any."""
        lines: dict[str, list[dict[str, str]]] = defaultdict(list)
        is_news = False
        for source, line in self._new_lines():
            is_news = True
            fields = json_object(line)
            if event := event_of(fields):
                self._report_event(event, source)
            if (subject := subject_of(fields)) and not is_metric(fields):
                lines[subject].append(log_line(source, fields, traceback_of(line)))
            if raised := traceback_of(line):
                self._stand_in.add_note(raised[-_NOTE_LENGTH:], time.time())
        for subject, found in lines.items():
            # The stand-in does not know jobs that were put on the queue without it.
            with contextlib.suppress(RigError):
                self._stand_in.add_to_log(subject, found)
        return is_news

    def _new_lines(self) -> Iterator[tuple[str, str]]:
        """New lines with the names of their logs."""
        for name, log in self._functions.items():
            if name == _FIRST_FUNCTION or self._reports % _OTHER_FUNCTIONS_EVERY == 0:
                yield from ((name, message) for message in log.new_messages())
        yield from self._workers.new_lines_by_log()

    def _report_event(self, event: JobEvent, source: str) -> None:
        """Add an event to a timeline, with the task and the instance if a worker logged it."""
        detail = None
        if source not in self._functions:
            task = source.rpartition("-")[2]
            detail = {"task": task, "instance": self._instance_of(task)}
            if event.ends_work:
                self._tasks.pop(event.interaction_id, None)
            else:
                self._tasks[event.interaction_id] = task
        with contextlib.suppress(RigError):
            self._stand_in.add_to_timeline(event.interaction_id, event.name, event.at, detail)

    def _crash(self, entry: dict[str, Any]) -> str:
        """What a crashed worker said, and how often workers crash; empty for other entries."""
        if entry["what"] != "task" or entry["state"] != "STOPPED":
            return ""
        tasks = self._agent.state()["tasks"]
        own = [one for one in tasks if str(one["task"]) == str(entry["name"]) and is_crash(one)]
        found = crashes([*(one for one in tasks if one not in own), *own], self._logs)
        return f". {found}" if own and found else ""

    def _report_lost_jobs(self, entry: dict[str, Any]) -> None:
        """Add to the timelines of a stopped task's jobs that nobody works on them any more."""
        task = str(entry["name"])[:_SHORT_ID]
        lost = [job for job, worker in self._tasks.items() if worker == task]
        for job in lost:
            del self._tasks[job]
            detail = {"task": task, "reason": entry.get("reason") or "the task has stopped"}
            with contextlib.suppress(RigError):
                self._stand_in.add_to_timeline(job, "worker_lost", entry["at"], detail)

    def _instance_of(self, task: str) -> str:
        """The instance of a task, by the beginning of the task's id; empty if it is unknown."""
        tasks = self._fleet.get("tasks", [])
        return next((str(one["instance"] or "") for one in tasks if one["id"].startswith(task)), "")

    def _series(self) -> Iterator[tuple[str, float]]:
        """Names of series and their values; those that cannot be read now are left out."""
        for name, depth in vars(status.queue_depths(self._state)).items():
            if depth is not None:
                yield f"queue/{name}", float(depth)
        try:
            fleet = self._agent.state()
            self._report_fleet(fleet)
            self._experiments.started = fleet["experiments"]
            yield from fleet_series(fleet, self._state)
            for name, value in status.alarm_states(self._state).items():
                yield f"alarm/{name}", _ALARM_VALUES[value]
        except (RigError, BotoCoreError, ClientError):
            return

    def _report_fleet(self, fleet: dict[str, Any]) -> None:
        """Send the lists of tasks and instances, if they have changed."""
        report = fleet_report(fleet)
        if report != self._fleet:
            self._fleet = report
            self._stand_in.set_fleet(report)


def fleet_report(fleet: dict[str, Any]) -> dict[str, Any]:
    """The tasks and instances as the operations page lists them."""
    return {
        "tasks": [
            {
                "id": task["task"],
                "status": task["status"],
                "instance": task["instance"],
                "reason": with_exit_status(task),
            }
            for task in fleet["tasks"]
        ],
        "instances": [
            {
                "id": str(one["instance"]),
                "status": one["phase"],
                "type": one["instance_type"],
                "spot": one["spot"],
                "joined": one["registered"],
                "draining": one["draining"],
            }
            for one in fleet["instances"]
        ],
    }


def with_exit_status(task: dict[str, Any]) -> str:
    """Why a task has stopped, with the exit status of one that crashed."""
    status = f" (exit status {task['exit_code']})" if is_crash(task) else ""
    return f"{task['reason']}{status}"


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
    """An entry of the fleet agent's history as a sentence; empty for one that says nothing new.

    A task is protected with each batch that it begins, and no longer with its end: the lists of
    tasks show what each one does.
    """
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
            return ""
        case _:
            where = f" on {entry['instance']}" if state == "PENDING" else ""
            why = f": {entry['reason']}" if entry.get("reason") else ""
            return f"Task {name[:_SHORT_ID]} is {state}{where}{why}"


def watch_emulator(state: StackState) -> None:
    """Report each second whether the emulator answers."""
    stand_in = StandInClient(state.discord_url)
    # trust_env: a proxy of the person's must not see loopback traffic.
    with httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False, verify=NO_CERTIFICATES) as http:
        while True:
            with contextlib.suppress(RigError):
                stand_in.set_part(EMULATOR, condition_of(http, state.aws_endpoint + HEALTH_PATH))
            time.sleep(_PAUSE_SECONDS)


def condition_of(http: httpx.Client, url: str) -> str:
    """`up`, `slow` if there is no answer in time, or `down` if there is none at all."""
    try:
        return "up" if http.get(url).is_success else "down"
    except httpx.TimeoutException:
        return "slow"
    except httpx.HTTPError:
        return "down"


def next_pause(pause: float, *, is_news: bool) -> float:
    """The seconds until the next report. Each one asks a dozen things of the emulator, which would
    cost a sleeping stack most of its processor time."""
    return _PAUSE_SECONDS if is_news else min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def main() -> None:
    """Report the stack in the folder that the command line names, every second if it does anything,
    every third else."""
    parser = argparse.ArgumentParser(prog="python -m emulation.rig.telemetry")
    parser.add_argument("--state-dir", type=Path, required=True)
    folder = StateFolder(parser.parse_args().state_dir)
    state = folder.load()
    if state is None:
        raise SystemExit(f"no stack in {folder.path}")
    threading.Thread(target=watch_emulator, args=(state,), daemon=True).start()
    telemetry, pause = Telemetry(folder, state), _PAUSE_SECONDS
    while True:
        is_news = True
        # The stand-in or the emulator may be busy, or stopping: the next report catches up.
        with contextlib.suppress(RigError):
            is_news = telemetry.report()
        pause = next_pause(pause, is_news=is_news)
        time.sleep(pause)


if __name__ == "__main__":
    main()
