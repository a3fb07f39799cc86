"""The logs of a stack: files of processes and tasks, and CloudWatch's of the Lambda functions."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from emulation.rig.emulator_client import client_options
from emulation.rig.errors import RigError
from emulation.rig.state import StackState

ALL_FUNCTIONS = "functions"
"""The name of the logs of all functions together."""

_LOOK_BACK_SECONDS = 3600
_LATE_SECONDS = 3
"""How much later than its own time an event may arrive."""
_POLL_SECONDS = 1.0


@dataclass
class GrowingLogs:
    """The logs in a folder whose names match a pattern; only whole lines are read, each once."""

    folder: Path
    pattern: str
    _read: dict[Path, int] = field(default_factory=dict)

    def new_lines(self) -> Iterator[str]:
        """The lines that were completed since the last call."""
        for path in sorted(self.folder.glob(self.pattern)):
            with path.open("rb") as log:
                log.seek(self._read.get(path, 0))
                content = log.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            yield from whole.decode(errors="replace").splitlines()


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


class FunctionLog:
    """The log of one of a stack's Lambda functions; each event is read once."""

    def __init__(self, state: StackState, function: str) -> None:
        self._client = boto3.client("logs", **client_options(state))
        self._group = f"/aws/lambda/{state.function_names[function]}"
        self._since = int((time.time() - _LOOK_BACK_SECONDS) * 1000)
        self._read_ids: dict[str, int] = {}

    def new_messages(self) -> list[str]:
        """The messages since the last call, oldest first; none while CloudWatch does not answer."""
        try:
            events = sorted(self._events(), key=lambda event: event[1])
        except (BotoCoreError, ClientError):
            return []
        new = [event for event in events if event[0] not in self._read_ids]
        self._since = max([self._since, *(at - _LATE_SECONDS * 1000 for _, at, _ in new)])
        self._read_ids |= {event_id: at for event_id, at, _ in new}
        self._read_ids = {name: at for name, at in self._read_ids.items() if at >= self._since}
        return [message.rstrip() for _, _, message in new]

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


def show_functions(
    console: Console, state: StackState, functions: Sequence[str], lines: int, *, follow: bool
) -> None:
    """Print the last events of some functions, and with `follow` new ones as they come."""
    logs = {function: FunctionLog(state, function) for function in functions}
    while True:
        for function, log in logs.items():
            messages = log.new_messages()[-lines:]
            if messages and len(logs) > 1:
                console.print(f"==> {function} <==", highlight=False)
            for message in messages:
                console.print(message, markup=False, highlight=False, soft_wrap=True)
        if not follow:
            return
        time.sleep(_POLL_SECONDS)
