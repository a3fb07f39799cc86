"""How often a client may send payloads, and an application may start sessions.

https://docs.discord.com/developers/events/gateway#rate-limiting and
https://docs.discord.com/developers/events/gateway#session-start-limit-object
"""

from collections import deque

from discord_stand_in.clock import Clock
from discord_stand_in.json_types import Json

_DAY_SECONDS = 24 * 3600.0
PAYLOADS = (120, 60.0)
"""How many payloads a client may send, in how many seconds."""
_IDENTIFY_SECONDS = 5.0
MAX_CONCURRENCY = 1
"""Sessions that an application may start in five seconds."""


class PayloadLimit:
    """Counts what one connection sends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[float] = deque()

    def is_exceeded(self) -> bool:
        """Count a payload; whether it is over the limit."""
        now = self._clock.now()
        while self._times and self._times[0] <= now - PAYLOADS[1]:
            self._times.popleft()
        self._times.append(now)
        return len(self._times) > PAYLOADS[0]


class SessionStartLimit:
    """Counts the sessions that the application starts."""

    def __init__(self, clock: Clock, daily: int) -> None:
        self._clock = clock
        self._daily = daily
        self._window_ends = 0.0
        self._used = 0
        self._last_starts: dict[int, float] = {}

    def is_too_soon(self, shard: int) -> bool:
        """Count a start; whether another of its bucket was in the last five seconds."""
        bucket, now = shard % MAX_CONCURRENCY, self._clock.now()
        is_too_soon = now < self._last_starts.get(bucket, 0.0) + _IDENTIFY_SECONDS
        if not is_too_soon:
            self._last_starts[bucket] = now
        return is_too_soon

    def take(self) -> bool:
        """Count a start of the day; whether there was one left."""
        self._renew()
        self._used += 1
        return self._used <= self._daily

    def as_json(self) -> Json:
        """The session start limit object."""
        self._renew()
        return {
            "total": self._daily,
            "remaining": max(0, self._daily - self._used),
            "reset_after": max(0, int((self._window_ends - self._clock.now()) * 1000)),
            "max_concurrency": MAX_CONCURRENCY,
        }

    def clear(self) -> None:
        """Forget every start."""
        self._window_ends, self._used = 0.0, 0
        self._last_starts.clear()

    def _renew(self) -> None:
        """Begin another day if the last one is over."""
        now = self._clock.now()
        if now >= self._window_ends:
            self._window_ends, self._used = now + _DAY_SECONDS, 0
