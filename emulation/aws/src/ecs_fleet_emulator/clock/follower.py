"""Makes the wall clock of a process follow the emulator's. Standard library only.

Runs in the processes of functions and tasks, loaded by its path: they bring their own interpreter
and none of this package. Until time is moved it installs a signal handler and nothing else. The
emulator sends SIGURG, which a process ignores that has no handler yet, after it has written the
file; a process that starts later reads the file first. Python runs a handler before the next line
of the main thread, so a function has the new time before it gets an event that was sent after it.

Only wall clocks are moved. A process's monotonic clock, and with it what it waits for, is its own.
"""

import os
import signal
import struct
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from time_machine import Traveller

FILE = "EMULATOR_CLOCK"
SCRIPT = "EMULATOR_CLOCK_FOLLOWER"
LIBRARY = "EMULATOR_CLOCK_LIBRARY"
MOVED = signal.SIGURG
"""Tells a process that the clock was moved; ignored by default."""

_NANOSECONDS = 10**9
_FORMAT = struct.Struct("<q")


def write(file: Path, seconds: float) -> None:
    """Write how far the clock was moved; a reader sees this or the value before, nothing between.

    A process that has mapped the file sees it, too: the file stays the same one.
    """
    with file.open("r+b" if file.exists() else "w+b", buffering=0) as opened:
        opened.write(_FORMAT.pack(round(seconds * _NANOSECONDS)))


def read(file: Path) -> float:
    """How far the clock was moved, in seconds; 0 if there is no such file."""
    try:
        content = file.read_bytes()
    except OSError:
        return 0.0
    return _FORMAT.unpack(content)[0] / _NANOSECONDS if len(content) == _FORMAT.size else 0.0


class Follower:
    """Moves the wall clock of this process to where the file of the clock says."""

    def __init__(self, file: Path, library: str) -> None:
        self._file, self._library = file, library
        self._moved = 0.0
        self._traveller: Traveller | None = None
        self._is_moving = False

    def begin(self) -> None:
        """Follow the clock from now on. The main thread calls it."""
        signal.signal(MOVED, self._on_signal)
        self.catch_up()

    def catch_up(self) -> None:
        """Move the wall clock to where the file says."""
        if self._is_moving:
            return  # A signal while one is handled: the loop below reads the file again.
        self._is_moving = True
        try:
            while (moved := read(self._file)) != self._moved:
                if self._traveller is None:
                    with _importable(self._library):
                        import time_machine
                    self._traveller = time_machine.travel(time.time(), tick=True).start()
                self._traveller.shift(moved - self._moved)
                self._moved = moved
        except ImportError as error:
            sys.stderr.write(f"The clock of this process is not moved: {error}\n")
        finally:
            self._is_moving = False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.catch_up()


@contextmanager
def _importable(folder: str) -> "Iterator[None]":
    """Let the library be found in a folder; it does not import pytest, as it would otherwise."""
    without_pytest = "pytest" not in sys.modules
    if without_pytest:
        sys.modules["pytest"] = None  # type: ignore[assignment]  # Python's mark: it is not there
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        if without_pytest:
            del sys.modules["pytest"]


def begin() -> None:
    """Follow the clock that the environment names, if it names one."""
    file, library = os.environ.pop(FILE, ""), os.environ.pop(LIBRARY, "")
    if file:
        Follower(Path(file), library).begin()
