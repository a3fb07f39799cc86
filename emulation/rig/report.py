"""What the command line prints for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from emulation.rig.stack.clients import client_options
from emulation.rig.stack.health import ProcessHealth
from emulation.rig.stack.state import StackState
from emulation.rig.timestamps import readable

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType


@dataclass(frozen=True)
class QueueDepths:
    """Messages of the job queue and its dead-letter queue; None where SQS did not answer."""

    waiting: int | None
    in_flight: int | None
    dead: int | None


def queue_depths(state: StackState) -> QueueDepths:
    """Ask SQS how many jobs wait, are being worked on, and are dead."""
    sqs = boto3.client("sqs", **client_options(state))

    def attribute(queue_url: str, name: "QueueAttributeNameType") -> int | None:
        try:
            answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
            return int(answer["Attributes"][name])
        except (BotoCoreError, ClientError):
            return None

    return QueueDepths(
        waiting=attribute(state.queue_url, "ApproximateNumberOfMessages"),
        in_flight=attribute(state.queue_url, "ApproximateNumberOfMessagesNotVisible"),
        dead=attribute(state.dead_letter_queue_url, "ApproximateNumberOfMessages"),
    )


def addresses(console: Console, state: StackState) -> None:
    """Where everything is."""
    lines = {
        "Discord (stand-in)": state.discord_url,
        "Interactions": state.interactions_url,
        "AWS (LocalStack)": state.aws_endpoint,
        "Queue": state.queue_url,
        "Logs": str(Path(state.processes[0].log).parent) if state.processes else "",
    }
    console.print()
    for name, value in lines.items():
        # An address is for copying: never wrapped, never cut.
        console.print(f"  {name:<20}{value}", highlight=False, soft_wrap=True)


def status(
    console: Console,
    processes: Sequence[ProcessHealth],
    queues: QueueDepths,
) -> None:
    """Processes and queue."""
    table = Table(box=None, padding=(0, 2))
    for heading in ("process", "pid", "state", "log"):
        table.add_column(heading)
    for one in processes:
        alive = "[green]running[/]" if one.alive else "[bold red]ended[/]"
        table.add_row(one.name, str(one.pid), alive, one.log)
    console.print(table)
    shown = ["?" if value is None else str(value) for value in vars(queues).values()]
    console.print(f"\nQueue: {shown[0]} waiting, {shown[1]} in work, {shown[2]} dead")


def live(text: str) -> None:
    """The message as the user sees it, each time it changes."""
    shown = readable(text, datetime.now().astimezone())
    Console().print(shown, markup=False, highlight=False, style="dim")


def pictures(console: Console, paths: Sequence[Path], seconds: float | None = None) -> None:
    """Where the pictures were saved."""
    after = f" after {seconds:.1f} s" if seconds is not None else ""
    console.print(f"\n{len(paths)} pictures{after}:")
    for path in paths:
        console.print(f"  {path}", highlight=False, soft_wrap=True)


def next_steps(console: Console) -> None:
    """What to type next."""
    console.print('\nTry: make send PROMPT="a yellow star on a green background" COUNT=4')
    console.print("Stop: make local-down")
