"""What Discord's rate-limit headers say, remembered per bucket.

Limits are read from the answers and never assumed. A bucket is shared by the routes that name it
and counted per webhook token: https://docs.discord.com/developers/topics/rate-limits#header-format
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_EVERYWHERE = ("", 0)
_REMEMBERED_BUCKETS = 1000
"""Each interaction has a bucket of its own; old ones are forgotten past this many."""


@dataclass(frozen=True)
class _Allowance:
    remaining: int
    resets_at: float


class RateLimits:
    """Says how long to wait before the next call; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._bucket_of_route: dict[str, str] = {}
        self._allowances: dict[tuple[str, int], _Allowance] = {}

    def delay(self, route: str, token: str, *, reserve: int = 0) -> float:
        """Seconds until a call may be sent that leaves `reserve` calls of the bucket unused."""
        with self._lock:
            bucket = self._bucket_of_route.get(route, route)
            waits = [
                allowance.resets_at - self._clock()
                for key in (_EVERYWHERE, (bucket, hash(token)))
                if (allowance := self._allowances.get(key)) and allowance.remaining <= reserve
            ]
        return max([0.0, *waits])

    def learn(self, route: str, token: str, status: int, headers: Mapping[str, str]) -> None:
        """Take in the headers of one answer."""
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
