"""Writes a task's output to CloudWatch Logs, by its awslogs options, and to a file."""

import logging
import queue
import threading
import time
from pathlib import Path
from typing import Any

from localstack.aws.connect import connect_to

from discord_diffusion_emulator.publishing import (
    create_log_stream,
    next_items,
    publish_embedded_metrics,
)

from .environment import short

LOG = logging.getLogger(__name__)

BATCH_SECONDS = 0.2
_END = None


class TaskLog:
    """Writes the lines of one task in batches until it is closed; to a file in `folder`, too."""

    def __init__(
        self,
        account: str,
        region: str,
        container: dict[str, Any],
        task_id: str,
        folder: Path | None,
    ) -> None:
        settings = container.get("logConfiguration") or {}
        options = settings.get("options") or {} if settings.get("logDriver") == "awslogs" else {}
        name, prefix = container["name"], options.get("awslogs-stream-prefix")
        self._group = options.get("awslogs-group")
        self._stream = f"{prefix}/{name}/{task_id}" if prefix else task_id
        self._creates_group = options.get("awslogs-create-group") == "true"
        self._account, self._region = account, options.get("awslogs-region", region)
        self._lines: queue.Queue[tuple[int, str] | None] = queue.Queue()
        self._file: Path | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = folder / f"{name}-{short(task_id)}.log"
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
        clients: Any = connect_to(aws_access_key_id=self._account, region_name=self._region)
        stream = (str(self._group), self._stream)
        try:
            create_log_stream(clients.logs, stream, creates_group=self._creates_group)
            ended = False
            while not ended:
                items = next_items(self._lines, _END, BATCH_SECONDS)
                ended = _END in items
                events = [{"timestamp": at, "message": text} for at, text in filter(None, items)]
                if events:
                    clients.logs.put_log_events(
                        logGroupName=self._group, logStreamName=self._stream, logEvents=events
                    )
                    lines = [event["message"] for event in events]
                    publish_embedded_metrics(clients.cloudwatch, lines)
        except Exception:  # a log group that is missing must not end the task
            LOG.warning("could not write to the log stream %s", self._stream, exc_info=True)
