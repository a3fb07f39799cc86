"""A worker that draws nothing: prints its environment, and ends at SIGTERM unless STUBBORN=yes.

Standard library only. Writes `TASK started`, `TASK told to stop` and `TASK stopped` to the file
EVENTS, if one is named.
"""

import json
import os
import signal
import sys
import urllib.request
from pathlib import Path
from types import FrameType

EVENTS = Path(os.environ.get("EVENTS", os.devnull))


def note(what: str) -> None:
    """Write an event to EVENTS."""
    with EVENTS.open("a") as file:
        file.write(f"{os.environ['ECS_AGENT_URI'].rsplit('/', 1)[-1]} {what}\n")


def get(address: str) -> object:
    """The response of one of the task's endpoints."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)


def stop(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGTERM."""
    note("told to stop")
    if os.environ.get("STUBBORN") != "yes":
        note("stopped")
        sys.exit(0)


def main() -> None:
    """Print the environment and the metadata, then wait for signals."""
    signal.signal(signal.SIGTERM, stop)
    names = ("GREETING", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_EXECUTION_ENV")
    given = {name: os.environ.get(name) for name in names}
    task = get(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task")
    sys.stdout.write(f"environment {json.dumps(given)}\ntask {json.dumps(task)}\n")
    if line := os.environ.get("PRINT"):
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    note("started")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
