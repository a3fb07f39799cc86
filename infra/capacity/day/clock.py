"""The event loop: actions in the order of their times; equal times in the order of making."""

import heapq
from collections.abc import Callable

Action = Callable[[], None]


class Clock:
    """Simulated seconds, and what is still to happen."""

    def __init__(self) -> None:
        self.now = 0.0
        self._made = 0
        self._waiting: list[tuple[float, int, Action]] = []

    def after(self, seconds: float, action: Action) -> None:
        """Do `action` `seconds` from now."""
        if seconds < 0:
            raise ValueError(f"{seconds} s from now is in the past")
        self._made += 1
        heapq.heappush(self._waiting, (self.now + seconds, self._made, action))

    def at(self, time: float, action: Action) -> None:
        """Do `action` at `time`, which may not be past."""
        self.after(time - self.now, action)

    def every(self, seconds: float, action: Action, offset: float = 0.0) -> None:
        """Do `action` `offset` from now and every `seconds` from then on."""

        def again() -> None:
            action()
            self.after(seconds, again)

        self.after(offset, again)

    def run(self, until: float) -> None:
        """Let everything happen up to and including `until`."""
        while self._waiting and self._waiting[0][0] <= until:
            self.now, _, action = heapq.heappop(self._waiting)
            action()
        self.now = until
