"""How far time was moved: for the emulator's process, and for those that it starts.

Waits and delays of the emulated AWS count by `CLOCK.monotonic()`. What LocalStack and moto read
from `time.time` and `datetime.now` moves by the library time-machine, from the first move on: until
then nothing is patched. Other processes read the file of the clock (follower.py).
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ecs_fleet_emulator.errors import ClockError

from . import follower

if TYPE_CHECKING:
    from time_machine import Traveller

FILE = follower.FILE
"""The file of the clock: how far it was moved, in nanoseconds, as eight bytes, little-endian."""


class Clock:
    """Real time, plus what was skipped. `file` tells other processes; None: there is none."""

    def __init__(self, file: Path | None = None) -> None:
        self.moved = 0.0
        """Seconds that were skipped."""
        self.on_move: list[Callable[[], object]] = []
        """Called after each move."""
        self.on_resumed: list[Callable[[], object]] = []
        """Called after the last move of several: threads that wait look at the clock again."""
        self._file = file
        self._traveller: Traveller | None = None

    def monotonic(self) -> float:
        """Seconds since some moment, those that were skipped included."""
        return time.monotonic() + self.moved

    def monotonic_of(self, wall_time: float) -> float:
        """The moment of this clock at which the wall clock shows a time, in Unix seconds."""
        return self.monotonic() + wall_time - time.time()

    def check_can_move(self) -> None:
        """Raise ClockError where processes could not follow: tasks of this emulator are containers.

        Raises:
            ClockError: the text says why.
        """
        if self._file is None:
            raise ClockError(
                "this emulator has no file of a clock (EMULATOR_CLOCK), so that its functions and"
                " tasks could not follow: time can be moved on target host"
            )

    def move(self, seconds: float) -> None:
        """Skip some seconds, here and in the processes of functions and tasks."""
        self.check_can_move()
        if self._traveller is None:
            # Patches this process, which is not done before it is needed.
            import time_machine

            self._traveller = time_machine.travel(time.time(), tick=True).start()
        self.moved += seconds
        self._traveller.shift(seconds)
        if self._file is not None:
            follower.write(self._file, self.moved)
        for callback in self.on_move:
            callback()

    def resume(self) -> None:
        """Let time go on by itself: nobody moves it for now."""
        for callback in self.on_resumed:
            callback()

    def variables(self) -> dict[str, str]:
        """The environment variables with which a process follows this clock."""
        if self._file is None:
            return {}
        return {
            FILE: str(self._file),
            follower.SCRIPT: follower.__file__,
            follower.LIBRARY: str(Path(sys.prefix) / _SITE_PACKAGES),
        }

    @classmethod
    def from_environ(cls, environment: Mapping[str, str] = os.environ) -> "Clock":
        """The clock with the file that the environment names, which says now: nothing was moved."""
        name = environment.get(FILE)
        if not name:
            return cls()
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        follower.write(file, 0.0)
        return cls(file)


_SITE_PACKAGES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"

CLOCK = Clock.from_environ()
"""The emulator's clock."""
