"""Workers that end by themselves: how often, with which exit status, and what the last one said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation.rig.log_lines import json_object, traceback_of

_EXITED = "Essential container in task exited"
"""ECS's reason for the end of a task that nobody stopped:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""
_SHORT_ID = 8
_LENGTH = 300
_SERIOUS = ("ERROR", "CRITICAL")


@dataclass(frozen=True)
class Crashes:
    """The crashes of workers that the fleet still knows of: those of the last hour of AWS's time.

    `exit_status` and `said` are of the last one; `log` is its name for `logs`.
    """

    count: int
    exit_status: int
    log: str
    said: str

    def __str__(self) -> str:
        times = "A worker has crashed" if self.count == 1 else f"Workers crashed {self.count} times"
        said = f": {self.said}" if self.said else ""
        last = "" if self.count == 1 else "the last one "
        return f"{times}, {last}with exit status {self.exit_status}{said}"


def crashes(tasks: Sequence[Mapping[str, Any]], logs: Path) -> Crashes | None:
    """The crashes among the fleet agent's tasks, oldest first; None if there is none.

    Args:
        tasks: as the fleet agent lists them.
        logs: the folder with a log for each task.
    """
    crashed = [task for task in tasks if is_crash(task)]
    if not crashed:
        return None
    last = crashed[-1]
    name = f"worker-{str(last['task'])[:_SHORT_ID]}"
    return Crashes(len(crashed), last["exit_code"], name, last_words(logs, name))


def is_crash(task: Mapping[str, Any]) -> bool:
    """Whether a task ended by itself, and not well."""
    return task["status"] == "STOPPED" and task["reason"] == _EXITED and bool(task.get("exit_code"))


def last_words(logs: Path, name: str) -> str:
    """The last line of the last traceback in a task's log, or of its last error, or of the log."""
    found = sorted(logs.glob(f"{name}*.log"))
    lines = found[-1].read_text(errors="replace").splitlines() if found else []
    for line in reversed(lines):
        fields = json_object(line)
        if raised := traceback_of(line):
            return raised.splitlines()[-1][:_LENGTH]
        if fields.get("level") in _SERIOUS:
            parts = (fields.get(part) for part in ("message", "reason"))
            return ": ".join(str(part) for part in parts if part)[:_LENGTH]
        if line.strip() and not fields:
            return line.strip()[:_LENGTH]
    return ""
