"""The stand-in's idea of now, in Unix seconds, so that a test can move it."""

import time
from datetime import UTC, datetime


class Clock:
    """Wall-clock time plus an offset."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self.offset


def iso(seconds: float) -> str:
    """Unix seconds as Discord writes a time: ISO 8601 in UTC with an offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
