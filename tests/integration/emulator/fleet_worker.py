"""A worker that draws nothing: prints its environment, and ends at SIGTERM unless STUBBORN=yes, or
at once with the exit status EXIT.

Standard library only. Writes `TASK started`, `TASK got SIGTERM` and `TASK stopped` to the file
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


def write_event(name: str) -> None:
    """Write an event of this task to EVENTS."""
    with EVENTS.open("a") as file:
        file.write(f"{os.environ['ECS_AGENT_URI'].rsplit('/', 1)[-1]} {name}\n")


def get_json(address: str) -> object:
    """The response of one of the task's endpoints."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)


def stop(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGTERM."""
    write_event("got SIGTERM")
    if os.environ.get("STUBBORN") != "yes":
        write_event("stopped")
        sys.exit(0)


def main() -> None:
    """Print the environment and the metadata, then wait for signals."""
    signal.signal(signal.SIGTERM, stop)
    names = ("GREETING", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_EXECUTION_ENV")
    environment = {name: os.environ.get(name) for name in names}
    task = get_json(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task")
    sys.stdout.write(f"environment {json.dumps(environment)}\ntask {json.dumps(task)}\n")
    if line := os.environ.get("PRINT"):
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    write_event("started")
    if code := os.environ.get("EXIT"):
        sys.exit(int(code))
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
