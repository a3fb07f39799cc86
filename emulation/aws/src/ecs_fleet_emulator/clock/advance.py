"""Moves time from one due moment to the next, and waits for the reactions to each.

Whatever would have happened within the time happens at its moment, in order: an alarm that is
evaluated every 10 s is evaluated 90 times in 15 minutes, each time with the data of its moment. A
reaction of a process (a function that a schedule invokes, a state machine, a task that is being
stopped) is waited for before time goes on, in real time.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from ecs_fleet_emulator.errors import ClockError

from .moved_clock import CLOCK, Clock

MOST_SECONDS = 31 * 24 * 3600
_REACTION_SECONDS = 60.0
"""Real seconds for the reactions to one moment."""
_QUIET_LOOKS = 3
"""Looks in a row that find nobody busy: an event on its way is seen neither where it was nor where
it will be."""
_LOOK_SECONDS = 0.005


class Source(Protocol):
    """A part of the emulator in which something happens at moments of the clock."""

    def due(self) -> float | None:
        """The next moment, as `Clock.monotonic` counts; None if there is none."""

    def run_due(self) -> bool:
        """Do what is due. Whether something began that others react to."""

    def busy(self) -> str:
        """What still goes on without the clock being moved, in words; empty if nothing does."""


@dataclass(frozen=True)
class Advance:
    """How far time was moved, and how often something happened in which part meanwhile."""

    seconds: float
    moments: Counter[str]


@dataclass
class Advancer:
    """Moves a clock, of which the sources are known by their names."""

    clock: Clock = CLOCK
    sources: dict[str, Source] = field(default_factory=dict)
    reaction_seconds: float = _REACTION_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def advance(self, seconds: float) -> Advance:
        """Let so many seconds pass; what is under way at first is waited for, too.

        Raises:
            ClockError: the time is not allowed, or a reaction goes on for too long: time stands
                then where that began.
        """
        if not 0 < seconds <= MOST_SECONDS:
            raise ClockError(
                f"seconds is {seconds!r}: more than 0 and at most {MOST_SECONDS} (31 days)"
            )
        self.clock.check_can_move()
        if not self._lock.acquire(blocking=False):
            raise ClockError("time is being moved already: wait until that has ended")
        try:
            return self._advance(seconds)
        finally:
            self.clock.resume()
            self._lock.release()

    def _advance(self, seconds: float) -> Advance:
        moments: Counter[str] = Counter()
        end = self.clock.monotonic() + seconds
        self._settle()
        while True:
            due, name = min(self._moments(), default=(end, ""))
            if due > end:
                due, name = end, ""
            if (left := due - self.clock.monotonic()) > 0:
                self.clock.move(left)
            if not name:
                return Advance(seconds, moments)
            moments[name] += 1
            if self.sources[name].run_due():
                self._settle()

    def _settle(self) -> None:
        """Wait until nobody reacts any more."""
        began, quiet = time.monotonic(), 0
        while True:
            reasons = [reason for source in self._all() if (reason := source.busy())]
            quiet = 0 if reasons else quiet + 1
            if quiet >= _QUIET_LOOKS:
                return
            if reasons and time.monotonic() - began > self.reaction_seconds:
                raise ClockError(
                    f"after {self.reaction_seconds:g} s something still goes on, for which time"
                    f" waits: {'; '.join(reasons)}"
                )
            time.sleep(_LOOK_SECONDS)

    def _moments(self) -> list[tuple[float, str]]:
        """The next moment of each source, with its name."""
        found = ((source.due(), name) for name, source in list(self.sources.items()))
        return [(due, name) for due, name in found if due is not None]

    def _all(self) -> list[Source]:
        return list(self.sources.values())


ADVANCER = Advancer()
"""The emulator's; each service adds its source when it is first used."""
