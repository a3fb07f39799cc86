"""What the Lambda functions logged, from CloudWatch Logs."""

import time
from collections.abc import Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from emulation.rig.stack.clients import client_options
from emulation.rig.stack.state import StackState

ALL = "functions"
"""What a person calls the logs of all functions together."""

_LOOK_BACK_SECONDS = 3600
_LATE_SECONDS = 3
"""How much later than its own time an event may arrive."""
_POLL_SECONDS = 1.0


class NewEvents:
    """The events of one of a stack's Lambda functions, each once."""

    def __init__(self, state: StackState, function: str) -> None:
        self._client = boto3.client("logs", **client_options(state))
        self._group = f"/aws/lambda/{state.function_names[function]}"
        self._since = int((time.time() - _LOOK_BACK_SECONDS) * 1000)
        self._seen: dict[str, int] = {}

    def read(self) -> list[str]:
        """The texts that came since the last call, oldest first; none while there is no answer."""
        try:
            events = sorted(self._events(), key=lambda event: event[1])
        except (BotoCoreError, ClientError):
            return []
        new = [event for event in events if event[0] not in self._seen]
        self._since = max([self._since, *(at - _LATE_SECONDS * 1000 for _, at, _ in new)])
        self._seen |= {event_id: at for event_id, at, _ in new}
        self._seen = {name: at for name, at in self._seen.items() if at >= self._since}
        return [message.rstrip() for _, _, message in new]

    def _events(self) -> list[tuple[str, int, str]]:
        """Id, time in milliseconds, and text of each event that is not too old."""
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._group, startTime=self._since
        )
        return [
            (str(one["eventId"]), int(one["timestamp"]), str(one["message"]))
            for page in pages
            for one in page["events"]
        ]


def show(
    console: Console, state: StackState, functions: Sequence[str], lines: int, *, follow: bool
) -> None:
    """Print the last events of some functions, and go on as they come if asked to."""
    logs = {function: NewEvents(state, function) for function in functions}
    while True:
        for function, events in logs.items():
            messages = events.read()[-lines:]
            if messages and len(logs) > 1:
                console.print(f"==> {function} <==", highlight=False)
            for message in messages:
                console.print(message, markup=False, highlight=False, soft_wrap=True)
        if not follow:
            return
        time.sleep(_POLL_SECONDS)
