"""Threads that wait for moments of the emulator's clock."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from .moved_clock import CLOCK, Clock


@dataclass(frozen=True, eq=False)
class Wait:
    """A thread that waits until a moment; `event` makes it look at the clock again."""

    owner: str
    until: float
    event: threading.Event

    def wake(self) -> None:
        """Let the thread look again, as LocalStack does it: the event stays for the next time."""
        self.event.set()
        self.event.clear()


class Waits:
    """Waits that end at their moments, whether time is moved meanwhile or goes on by itself."""

    def __init__(self, clock: Clock = CLOCK) -> None:
        self._clock = clock
        self._waits: dict[int, Wait] = {}
        clock.on_resumed.append(self._look_again)

    def wait(
        self, seconds: float, owner: str, event: threading.Event, goes_on: Callable[[], bool]
    ) -> None:
        """Wait for some seconds, or until `event` is set and the waiting does not go on."""
        wait = Wait(owner, self._clock.monotonic() + seconds, event)
        self._waits[id(wait)] = wait
        try:
            while goes_on() and (left := wait.until - self._clock.monotonic()) > 0:
                event.wait(left)
        finally:
            del self._waits[id(wait)]

    def due(self) -> float | None:
        """When the next wait is over."""
        return min((wait.until for wait in self._present()), default=None)

    def wake_due(self) -> bool:
        """Wake the threads whose moment has come. Whether there were any."""
        over = [wait for wait in self._present() if wait.until <= self._clock.monotonic()]
        for wait in over:
            wait.wake()
        return bool(over)

    def owners(self) -> set[str]:
        """Who waits."""
        return {wait.owner for wait in self._present()}

    def _present(self) -> list[Wait]:
        return list(self._waits.values())

    def _look_again(self) -> None:
        """Time was moved: what is left of each wait is shorter than its thread knows."""
        for wait in self._present():
            wait.wake()
