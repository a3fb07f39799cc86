"""The simulation's clock: actions happen in the order of their times, then of their scheduling."""

import heapq
from collections.abc import Callable

Action = Callable[[], None]


class Clock:
    """Simulated seconds, and the actions that are scheduled."""

    def __init__(self) -> None:
        self.now = 0.0
        self._number = 0
        self._scheduled: list[tuple[float, int, Action]] = []

    def after(self, seconds: float, action: Action) -> None:
        """Schedule `action` in `seconds`."""
        if seconds < 0:
            raise ValueError(f"{seconds} s from now is in the past")
        self._number += 1
        heapq.heappush(self._scheduled, (self.now + seconds, self._number, action))

    def at(self, time: float, action: Action) -> None:
        """Schedule `action` at `time`, which may not be past."""
        self.after(time - self.now, action)

    def every(self, seconds: float, action: Action, offset: float = 0.0) -> None:
        """Schedule `action` in `offset` seconds and every `seconds` from then on."""

        def repeat() -> None:
            action()
            self.after(seconds, repeat)

        self.after(offset, repeat)

    def run(self, until: float) -> None:
        """Carry out everything up to and including `until`."""
        while self._scheduled and self._scheduled[0][0] <= until:
            self.now, _, action = heapq.heappop(self._scheduled)
            action()
        self.now = until
