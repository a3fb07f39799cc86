"""The logs of a stack: files of processes and tasks, and CloudWatch's of the Lambda functions."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from emulation.rig.emulator_client import client_options
from emulation.rig.errors import RigError
from emulation.rig.log_lines import readable, time_of, traceback_of
from emulation.rig.state import StackState, StateFolder

ALL_FUNCTIONS = "functions"
"""The name of the logs of all functions together."""

_LOOK_BACK_SECONDS = 3600
_LATE_SECONDS = 3
"""How much later than its own time an event may arrive."""
_POLL_SECONDS = 1.0


class Line(NamedTuple):
    """A line of a log. Lines sort by time."""

    time: str
    """ISO 8601, UTC."""
    text: str


class Log(Protocol):
    """A log that grows; each line is read once."""

    def new_lines(self) -> list[Line]:
        """The lines since the last call, oldest first."""


@dataclass
class GrowingLogs:
    """The logs in a folder whose names match a pattern; only whole lines are read, each once."""

    folder: Path
    pattern: str
    _read: dict[Path, int] = field(default_factory=dict)

    def new_lines(self) -> Iterator[str]:
        """The lines that were completed since the last call."""
        return (line for _, line in self.new_lines_by_log())

    def new_lines_by_log(self) -> Iterator[tuple[str, str]]:
        """The same, each with the name of its log."""
        for path in sorted(self.folder.glob(self.pattern)):
            with path.open("rb") as log:
                log.seek(self._read.get(path, 0))
                content = log.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                yield path.stem, line


class FileLog:
    """The log of one process. A line without a time is as old as the line before it."""

    def __init__(self, path: Path) -> None:
        self._growing = GrowingLogs(path.parent, path.name)
        self._last = ""

    def new_lines(self) -> list[Line]:
        """The lines that were completed since the last call."""
        found = []
        for text in self._growing.new_lines():
            self._last = time_of(text) or self._last
            found.append(Line(self._last, text))
        return found


class FunctionLog:
    """The log of one of a stack's Lambda functions; each event is read once."""

    def __init__(self, state: StackState, function: str, since: float | None = None) -> None:
        """`since`: in Unix seconds; an hour ago if None."""
        import boto3  # half of the time of a command, most of which need no AWS

        self._client = boto3.client("logs", **client_options(state))
        self._group = f"/aws/lambda/{state.function_names[function]}"
        self._since = int((since or time.time() - _LOOK_BACK_SECONDS) * 1000)
        self._read_ids: dict[str, int] = {}

    def new_messages(self) -> list[str]:
        """The messages since the last call, oldest first; none while CloudWatch does not answer."""
        return [line.text for line in self.new_lines()]

    def new_lines(self) -> list[Line]:
        """The same with their times."""
        try:
            events = sorted(self._events(), key=lambda event: event[1])
        except (BotoCoreError, ClientError):
            return []
        new = [event for event in events if event[0] not in self._read_ids]
        self._since = max([self._since, *(at - _LATE_SECONDS * 1000 for _, at, _ in new)])
        self._read_ids |= {event_id: at for event_id, at, _ in new}
        self._read_ids = {name: at for name, at in self._read_ids.items() if at >= self._since}
        return [Line(_iso(at / 1000), message.rstrip()) for _, at, message in new]

    def _events(self) -> list[tuple[str, int, str]]:
        """Id, time in milliseconds, and message of each event since `_since`."""
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._group, startTime=self._since
        )
        return [
            (str(event["eventId"]), int(event["timestamp"]), str(event["message"]))
            for page in pages
            for event in page["events"]
        ]


def named_files(folder: Path, name: str | None) -> list[Path]:
    """The logs called `name`, or `name` with a suffix after a hyphen; all logs if `name` is None.

    Raises:
        RigError: there is none; the text lists the logs that exist.
    """
    files = sorted(folder.glob("*.log"))
    found = [
        path
        for path in files
        if name is None or path.stem == name or path.stem.startswith(f"{name}-")
    ]
    if not found:
        there = ", ".join(path.stem for path in files) or "none"
        raise RigError(f"There is no log {name or ''} in {folder}; there are: {there}")
    return found


def show(console: Console, logs: Mapping[str, Log], lines: int, *, follow: bool) -> None:
    """Print the last lines of all logs together, in the order of their times.

    Where there are several logs, each line begins with the name of its own. With `follow` new lines
    are printed as they come.
    """
    width = max(map(len, logs)) if len(logs) > 1 else 0
    first = -lines
    while True:
        found = [(line, name) for name, log in logs.items() for line in log.new_lines()]
        # Lines of one log stay as they are, whatever their times.
        for line, name in sorted(found, key=lambda one: one[0].time)[first:]:
            begin = f"{name:<{width}} | " if width else ""
            console.print(
                begin + readable(line.text), markup=False, highlight=False, soft_wrap=True
            )
        if not follow:
            return
        first = 0
        time.sleep(_POLL_SECONDS)


def tracebacks(state: StackState, folder: StateFolder, since: float) -> list[str]:
    """What functions and workers have raised since a moment (Unix seconds), oldest first."""
    sources: dict[str, Log] = {
        name: FunctionLog(state, name, since) for name in state.function_names
    }
    sources |= {path.stem: FileLog(path) for path in folder.logs.glob("worker-*.log")}
    begin = _iso(since)
    found = sorted(
        (line.time, name, raised)
        for name, log in sources.items()
        for line in log.new_lines()
        if line.time >= begin and (raised := traceback_of(line.text))
    )
    return [f"{name}: {raised}" for _, name, raised in found]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:23]
