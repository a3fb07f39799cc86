"""Log lines and counts, put together into as few calls as AWS allows."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
MAX_EVENTS = 10_000
MAX_BYTES = 1_048_576
BYTES_AN_EVENT = 26

Key = TypeVar("Key")

Stream = tuple[str, str]
"""A log group and a log stream."""


def log_batches(items: Iterable[tuple[Stream, str]]) -> Iterator[tuple[Stream, list[str]]]:
    """The texts of `items` as lines, in batches of one stream each, in order within a stream.

    Empty lines are left out: CloudWatch Logs takes none.
    """
    lines: dict[Stream, list[str]] = {}
    for stream, text in items:
        lines.setdefault(stream, []).extend(f"{line}\n" for line in text.split("\n") if line)
    for stream, messages in lines.items():
        for batch in _within_limits(messages):
            yield stream, batch


def _within_limits(messages: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for message in messages:
        length = len(message.encode()) + BYTES_AN_EVENT
        if batch and (len(batch) == MAX_EVENTS or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch


class Tally(Generic[Key]):
    """Counts things and reports the counts together, `seconds` after the first of them."""

    def __init__(self, report: Callable[[Counter[Key]], None], seconds: float) -> None:
        self._report = report
        self._seconds = seconds
        self._counts: Counter[Key] = Counter()
        self._lock = threading.Lock()

    def add(self, *keys: Key) -> None:
        """Count each of the keys once."""
        with self._lock:
            if not self._counts:
                clock = threading.Timer(self._seconds, self._flush)
                clock.daemon = True
                clock.start()
            self._counts.update(keys)

    def _flush(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
        self._report(counts)
