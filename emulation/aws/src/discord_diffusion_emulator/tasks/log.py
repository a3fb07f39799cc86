"""What tasks print: to CloudWatch Logs by the awslogs driver's options, and to files."""

import logging
import queue
import threading
import time
from pathlib import Path
from typing import Any

from localstack.aws.connect import connect_to

from discord_diffusion_emulator import embedded_metrics

LOG = logging.getLogger(__name__)

SECONDS = 0.2
_END = None


class TaskLog:
    """Takes lines of one task, and writes them in batches until it is closed."""

    def __init__(self, account: str, region: str, options: dict[str, str], stream: str) -> None:
        self._group = options.get("awslogs-group")
        self._create = options.get("awslogs-create-group") == "true"
        self._stream = stream
        self._account, self._region = account, region
        self._lines: queue.Queue[tuple[int, str] | None] = queue.Queue()
        self._file: Path | None = None
        if self._group:
            threading.Thread(target=self._write, name="task-log", daemon=True).start()

    def to_file(self, path: Path) -> "TaskLog":
        """Write to a file too."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path
        return self

    def line(self, text: str) -> None:
        """A line that the task printed."""
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(text + "\n")
        if self._group and text:
            self._lines.put((int(time.time() * 1000), text))

    def close(self) -> None:
        """No more lines come."""
        self._lines.put(_END)

    def _write(self) -> None:
        clients: Any = connect_to(aws_access_key_id=self._account, region_name=self._region)
        client: Any = clients.logs
        names = {"logGroupName": self._group, "logStreamName": self._stream}
        try:
            if self._create:
                self._made(client, client.create_log_group, logGroupName=self._group)
            self._made(client, client.create_log_stream, **names)
            ended = False
            while not ended:
                batch, ended = self._batch()
                if batch:
                    client.put_log_events(**names, logEvents=batch)
                    lines = [event["message"] for event in batch]
                    embedded_metrics.publish(clients.cloudwatch, lines)
        except Exception:  # a log group that is missing must not end the task
            LOG.warning("could not write to the log stream %s", self._stream, exc_info=True)

    @staticmethod
    def _made(client: Any, create: Any, **names: Any) -> None:
        try:
            create(**names)
        except client.exceptions.ResourceAlreadyExistsException:
            return

    def _batch(self) -> tuple[list[dict[str, Any]], bool]:
        items = [self._lines.get()]
        if items[0] is not _END:
            time.sleep(SECONDS)
        while not self._lines.empty():
            items.append(self._lines.get_nowait())
        events = [{"timestamp": at, "message": text} for at, text in filter(None, items)]
        return events, _END in items
