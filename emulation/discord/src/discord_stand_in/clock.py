"""The stand-in's clock, which a test can move, and the format of Discord's times."""

import mmap
import struct
import time
from datetime import UTC, datetime
from pathlib import Path

_FORMAT = struct.Struct("<q")
_NANOSECONDS = 10**9


class Clock:
    """The wall clock plus an offset in seconds, and plus what others moved it by.

    `file` says how far: nanoseconds as eight bytes, little-endian. Who moves the clock writes them
    into the same file again, so that they are read from memory here. A file that is not there yet
    is looked for again.
    """

    def __init__(self, offset: float = 0.0, file: Path | None = None) -> None:
        self.offset = offset
        self._file = file
        self._content: mmap.mmap | None = None

    def now(self) -> float:
        """The time in Unix seconds."""
        return time.time() + self.offset + self._moved()

    def _moved(self) -> float:
        if self._file is None:
            return 0.0
        if self._content is None:
            try:
                with self._file.open("rb") as opened:
                    self._content = mmap.mmap(opened.fileno(), _FORMAT.size, prot=mmap.PROT_READ)
            except (OSError, ValueError):  # it is not there, or empty
                return 0.0
        return float(_FORMAT.unpack_from(self._content)[0] / _NANOSECONDS)


def iso(seconds: float) -> str:
    """Unix seconds as Discord writes a time: ISO 8601 in UTC with an offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
