"""Publishes log lines and metrics to CloudWatch in as few calls as AWS allows."""

import contextlib
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from queue import Queue
from typing import Any, Generic, TypeVar

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
MAX_EVENTS = 10_000
MAX_BYTES = 1_048_576
BYTES_PER_EVENT = 26
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
MAX_METRICS = 1000

_EMBEDDED_MARK = '"CloudWatchMetrics"'

Key = TypeVar("Key")

Stream = tuple[str, str]
"""A log group and a log stream."""


def next_items(items: Queue[Any], end: Any, seconds: float) -> list[Any]:
    """Wait for an item of a queue, then `seconds` for more unless it is `end`; take them all."""
    taken = [items.get()]
    if taken[0] is not end:
        time.sleep(seconds)
    while not items.empty():
        taken.append(items.get_nowait())
    return taken


def log_batches(items: Iterable[tuple[Stream, str]]) -> Iterator[tuple[Stream, list[str]]]:
    """The lines of the texts in `items`, in batches of one stream each, in order within a stream.

    Empty lines are left out, since CloudWatch Logs refuses them.
    """
    lines: dict[Stream, list[str]] = {}
    for stream, text in items:
        lines.setdefault(stream, []).extend(f"{line}\n" for line in text.split("\n") if line)
    for stream, messages in lines.items():
        batch: list[str] = []
        size = 0
        for message in messages:
            length = len(message.encode()) + BYTES_PER_EVENT
            if batch and (len(batch) == MAX_EVENTS or size + length > MAX_BYTES):
                yield stream, batch
                batch, size = [], 0
            batch.append(message)
            size += length
        if batch:
            yield stream, batch


def create_log_stream(client: Any, stream: Stream, *, creates_group: bool) -> None:
    """Create a log stream, and its group if `creates_group`, unless they exist.

    Whoever may not create groups can create a stream of a group that exists.
    """
    exists = client.exceptions.ResourceAlreadyExistsException
    names = {"logGroupName": stream[0], "logStreamName": stream[1]}
    try:
        with contextlib.suppress(exists):
            client.create_log_stream(**names)
    except client.exceptions.ResourceNotFoundException:
        if not creates_group:
            raise
        with contextlib.suppress(exists):
            client.create_log_group(logGroupName=stream[0])
        with contextlib.suppress(exists):
            client.create_log_stream(**names)


def publish_embedded_metrics(client: Any, lines: Iterable[str]) -> None:
    """Publish the metrics that are embedded in log lines, with a client of CloudWatch."""
    data: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        for namespace, datum in embedded_metrics(line):
            data[namespace].append(datum)
    for namespace, metrics in data.items():
        for first in range(0, len(metrics), MAX_METRICS):
            batch = metrics[first : first + MAX_METRICS]
            client.put_metric_data(Namespace=namespace, MetricData=batch)


def embedded_metrics(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Namespaces and metric data for PutMetricData, from a line in the embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    if _EMBEDDED_MARK not in line:
        return
    try:
        root = json.loads(line)
        metadata = root["_aws"]
        at = datetime.fromtimestamp(metadata["Timestamp"] / 1000, UTC)
        for directive in metadata["CloudWatchMetrics"]:
            yield from _metric_data(directive, root, at)
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _metric_data(
    directive: dict[str, Any], root: dict[str, Any], at: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    for metric in directive["Metrics"]:
        value = root[metric["Name"]]
        values = value if isinstance(value, list) else [value]
        for names in directive.get("Dimensions") or [[]]:
            datum: dict[str, Any] = {
                "MetricName": metric["Name"],
                "Dimensions": [{"Name": name, "Value": str(root[name])} for name in names],
                "Timestamp": at,
                "Values": [float(value) for value in values],
                "Unit": metric.get("Unit", "None"),
                "StorageResolution": int(metric.get("StorageResolution", 60)),
            }
            yield directive["Namespace"], datum


class Tally(Generic[Key]):
    """Counts keys, and reports all counts together `seconds` after the first one."""

    def __init__(self, report: Callable[[Counter[Key]], None], seconds: float) -> None:
        self._report = report
        self._seconds = seconds
        self._counts: Counter[Key] = Counter()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, *keys: Key) -> None:
        """Count each of the keys once."""
        with self._lock:
            if not self._counts:
                self._timer = threading.Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()
            self._counts.update(keys)

    def flush(self) -> None:
        """Report what was counted so far, if anything was."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        if counts:
            self._report(counts)
