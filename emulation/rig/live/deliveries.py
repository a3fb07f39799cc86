"""Which interactions are handed over: each once, and none that nobody waits for any more."""

import time
from collections.abc import Callable

_REMEMBERED = 10_000
"""Interactions whose ids are kept; Discord repeats what it sent since the connection was lost."""
_MOST_DRIFT = 0.0002
"""Seconds a second by which two clocks drift apart at most; quartz without NTP does half of it."""
_DISCORD_EPOCH_MS = 1_420_070_400_000
"""https://docs.discord.com/developers/reference#snowflakes"""


class Deliveries:
    """Knows the interactions that came."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: how long Discord waits for the first response."""
        self._seconds = seconds
        self._clock = clock
        self._known: dict[str, None] = {}
        self._least_delay = float("inf")
        self._measured_at = clock()

    def refusal(self, interaction_id: str) -> str | None:
        """Why an interaction that came now is not handed over; None if it is, this one time.

        Its id says when it was made, by Discord's clock. The fastest delivery so far says how far
        that clock and this one are apart, so neither has to be right; they may drift, too.
        """
        now = self._clock()
        delay = now - ((int(interaction_id) >> 22) + _DISCORD_EPOCH_MS) / 1000
        drifted = self._least_delay + (now - self._measured_at) * _MOST_DRIFT
        self._least_delay, self._measured_at = min(drifted, delay), now
        if interaction_id in self._known:
            return "it came before"
        self._known[interaction_id] = None
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        late = delay - self._least_delay
        if late > self._seconds:
            return f"it came {late:.1f} s late, and its user has read that nobody responded"
        return None
