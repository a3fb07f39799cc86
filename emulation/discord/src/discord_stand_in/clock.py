"""The stand-in's clock, which a test can move, and the format of Discord's times."""

import time
from datetime import UTC, datetime


class Clock:
    """The wall clock plus an offset in seconds."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        """The time in Unix seconds."""
        return time.time() + self.offset


def iso(seconds: float) -> str:
    """Unix seconds as Discord writes a time: ISO 8601 in UTC with an offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
