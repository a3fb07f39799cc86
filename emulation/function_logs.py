"""What the Lambda functions logged, from CloudWatch Logs."""

import time

import boto3
from rich.console import Console

from emulation.stack.clients import client_options
from emulation.stack.state import StackState

_LOOK_BACK_SECONDS = 3600
_POLL_SECONDS = 1.0


def show(console: Console, state: StackState, lines: int, *, follow: bool) -> None:
    """Print the last events of the Lambda `interactions`, and go on as they come if asked to."""
    since = int((time.time() - _LOOK_BACK_SECONDS) * 1000)
    seen: set[str] = set()
    while True:
        found = [one for one in _events(state, since) if one[0] not in seen]
        for _, at, message in found if seen else found[-lines:]:
            console.print(message.rstrip(), markup=False, highlight=False, soft_wrap=True)
            since = max(since, at)
        seen |= {event_id for event_id, _, _ in found}
        if not follow:
            return
        time.sleep(_POLL_SECONDS)


def _events(state: StackState, since: int) -> list[tuple[str, int, str]]:
    """Id, time in milliseconds, and text of each event from `since` on, oldest first."""
    client = boto3.client("logs", **client_options(state))
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{state.interactions_function_name}", startTime=since
    )
    events = [
        (str(one["eventId"]), int(one["timestamp"]), str(one["message"]))
        for page in pages
        for one in page["events"]
    ]
    return sorted(events, key=lambda event: event[1])
