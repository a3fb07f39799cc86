"""Writes a task's output to CloudWatch Logs, by its awslogs options, and to a file."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localstack.aws.connect import connect_to

from ecs_fleet_emulator.publishing import (
    create_log_stream,
    next_items,
    publish_embedded_metrics,
)

from .environment import short

LOG = logging.getLogger(__name__)

BATCH_SECONDS = 0.2
_END = None


@dataclass(frozen=True)
class LogOptions:
    """The awslogs options of a container; without a group its log is not written to CloudWatch."""

    container: str
    region: str
    group: str | None = None
    prefix: str | None = None
    creates_group: bool = False

    @classmethod
    def of(cls, container: Mapping[str, Any], region: str) -> "LogOptions":
        """The options in a container definition, in a region unless they name another."""
        settings = container.get("logConfiguration") or {}
        options = settings.get("options") or {} if settings.get("logDriver") == "awslogs" else {}
        return cls(
            container=container["name"],
            region=options.get("awslogs-region", region),
            group=options.get("awslogs-group"),
            prefix=options.get("awslogs-stream-prefix"),
            creates_group=options.get("awslogs-create-group") == "true",
        )

    def stream(self, task_id: str) -> str:
        """The name of a task's log stream."""
        return f"{self.prefix}/{self.container}/{task_id}" if self.prefix else task_id


class TaskLog:
    """Writes the lines of one task in batches until it is closed; to a file in `folder`, too.

    `clients` makes the clients that write the log; `account` is the owner of embedded metrics.
    """

    def __init__(
        self,
        account: str,
        clients: Callable[[str], Any],
        options: LogOptions,
        task_id: str,
        folder: Path | None,
    ) -> None:
        self._group, self._stream = options.group, options.stream(task_id)
        self._creates_group = options.creates_group
        self._account, self._region = account, options.region
        self._clients = clients
        self._lines: queue.Queue[tuple[int, str] | None] = queue.Queue()
        self._file: Path | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = folder / f"{options.container}-{short(task_id)}.log"
        if self._group:
            threading.Thread(target=self._write, name="task-log", daemon=True).start()

    def line(self, text: str) -> None:
        """Write a line that the task printed."""
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(text + "\n")
        if self._group and text:
            self._lines.put((int(time.time() * 1000), text))

    def close(self) -> None:
        """End the log after the lines so far."""
        self._lines.put(_END)

    def _write(self) -> None:
        stream = (str(self._group), self._stream)
        try:
            logs = self._clients(self._region).logs
            # CloudWatch Logs itself publishes the metrics that are embedded in its events.
            metrics = connect_to(aws_access_key_id=self._account, region_name=self._region)
            create_log_stream(logs, stream, creates_group=self._creates_group)
            ended = False
            while not ended:
                items = next_items(self._lines, _END, BATCH_SECONDS)
                ended = _END in items
                events = [{"timestamp": at, "message": text} for at, text in filter(None, items)]
                if events:
                    logs.put_log_events(
                        logGroupName=self._group, logStreamName=self._stream, logEvents=events
                    )
                    lines = [event["message"] for event in events]
                    publish_embedded_metrics(metrics.cloudwatch, lines)
        except Exception:  # a log group that is missing must not end the task
            LOG.warning("could not write to the log stream %s", self._stream, exc_info=True)
