"""Discord's rate limits, as the headers of its answers say, remembered per bucket.

Limits are read from the answers and never assumed. A bucket is shared by the routes that name it
and counted per webhook token: https://docs.discord.com/developers/topics/rate-limits#header-format
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from discord_diffusion.discord.errors import RateLimitedError

LONGEST_WAIT_SECONDS = 5.0
"""A call that would have to wait longer is refused, so that the caller decides."""
_EVERYWHERE = ("", 0)
_REMEMBERED_BUCKETS = 1000
"""Each interaction has a bucket of its own; beyond this many, those that were reset are dropped."""


@dataclass(frozen=True)
class _Allowance:
    remaining: int
    resets_at: float


class RateLimits:
    """Delays calls as the limits demand; safe to share between threads."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._bucket_of_route: dict[str, str] = {}
        self._allowances: dict[tuple[str, int], _Allowance] = {}

    def wait(self, route: str, token: str, *, reserve: int = 0) -> None:
        """Sleep until a call may be sent.

        Args:
            route: of the call.
            token: the webhook token of the call.
            reserve: calls of the bucket to leave unused; with any, the call is refused instead of
                delayed.

        Raises:
            RateLimitedError: the call would have to wait too long.
        """
        delay = self._delay(route, token, reserve)
        if delay > (0.0 if reserve else LONGEST_WAIT_SECONDS):
            raise RateLimitedError(429, None, "rate limit known from earlier answers", delay)
        if delay:
            self._sleep(delay)

    def learn(self, route: str, token: str, status: int, headers: Mapping[str, str]) -> None:
        """Remember the headers of one answer."""
        bucket = headers.get("X-RateLimit-Bucket")
        reset_after = _seconds(headers.get("X-RateLimit-Reset-After"))
        remaining = _seconds(headers.get("X-RateLimit-Remaining"))
        with self._lock:
            if bucket:
                self._bucket_of_route[route] = bucket
            key = (bucket or route, hash(token))
            if reset_after is not None and remaining is not None:
                self._set(key, int(remaining), reset_after)
            if status == 429:
                everywhere = bucket is None or "X-RateLimit-Global" in headers
                wait = _seconds(headers.get("Retry-After")) or reset_after or 1.0
                self._set(_EVERYWHERE if everywhere else key, 0, wait)

    def _delay(self, route: str, token: str, reserve: int) -> float:
        """Seconds until a call may be sent that leaves `reserve` calls of the bucket unused."""
        with self._lock:
            bucket = self._bucket_of_route.get(route, route)
            waits = [
                allowance.resets_at - self._clock()
                for key in (_EVERYWHERE, (bucket, hash(token)))
                if (allowance := self._allowances.get(key)) and allowance.remaining <= reserve
            ]
        return max([0.0, *waits])

    def _set(self, key: tuple[str, int], remaining: int, reset_after: float) -> None:
        now = self._clock()
        if len(self._allowances) >= _REMEMBERED_BUCKETS:
            self._allowances = {k: a for k, a in self._allowances.items() if a.resets_at > now}
        self._allowances[key] = _Allowance(remaining, now + reset_after)


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:
        return None
