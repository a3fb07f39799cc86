"""Rate limits by bucket, the global limit of a bot, and the ban for too many refused requests.

Discord documents only 50 requests a second and 10,000 refused ones in ten minutes; the other
numbers are the stand-in's. Contract: https://docs.discord.com/developers/topics/rate-limits
"""

import hashlib
import re
from collections import deque
from dataclasses import dataclass

from discord_stand_in.clock import Clock

_GLOBAL_LIMIT = (50, 1.0)
"""Requests and seconds."""
_REFUSED_SECONDS = 600.0
_REFUSED_STATUSES = (401, 403, 429)
_FEW_WINDOWS = 1_000
"""Up to so many are kept without a look at which of them are over."""
_CALLBACK = "callback"
"""Clients such as hikari report it as an error if this route names a bucket."""


@dataclass(frozen=True)
class RouteLimit:
    """How often routes may be called, in each of the buckets that their major parameters make."""

    name: str
    method: str
    pattern: str
    """Its groups are the major parameters: each value of them has a bucket of its own."""
    limit: int
    seconds: float


ROUTE_LIMITS = (
    RouteLimit(_CALLBACK, "POST", r"/interactions/(\d+)/[^/]+/callback", 5, 5.0),
    RouteLimit("webhook", ".*", r"/webhooks/(\d+/[^/]+)(?:/.*)?", 5, 2.0),
    RouteLimit("webhooks", ".*", r"/webhooks/(\d+)", 5, 2.0),
    RouteLimit("commands-read", "GET", r"/applications/(\d+)/.*commands.*", 50, 10.0),
    RouteLimit("commands-write", ".*", r"/applications/(\d+)/.*commands.*", 20, 10.0),
    RouteLimit("application", ".*", r"/(?:oauth2/)?applications/@me", 20, 10.0),
    RouteLimit("messages-read", "GET", r"/channels/(\d+)/messages.*", 10, 5.0),
    RouteLimit("messages-write", ".*", r"/channels/(\d+)/messages.*", 5, 5.0),
    RouteLimit("rest", ".*", r".*", 30, 10.0),
)


@dataclass(frozen=True)
class RateLimitResult:
    """Whether a request is allowed, and the state of its bucket."""

    limit: int
    remaining: int
    reset_at: float
    """In Unix seconds."""
    reset_after: float
    """In seconds."""
    bucket: str | None
    """None: the route does not name its bucket."""
    allowed: bool
    is_global: bool = False

    def headers(self) -> dict[str, str]:
        """The headers that tell a client the state of the bucket."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset_at:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
        }
        return headers if self.bucket is None else headers | {"X-RateLimit-Bucket": self.bucket}


class RateLimiter:
    """Counts requests and decides which of them are over a limit."""

    def __init__(self, clock: Clock, max_refused: int, enabled: bool) -> None:
        self._clock = clock
        self._max_refused = max_refused
        self.enabled = enabled
        self._windows: dict[str, tuple[float, int]] = {}
        self._clean_above = _FEW_WINDOWS
        self._refused_at: dict[str, deque[float]] = {}

    def count_request(self, method: str, path: str, token: str | None) -> RateLimitResult:
        """Count a request; `path` is below /api/v10, `token` the Authorization header, if any.

        Interaction endpoints and webhooks are outside the global limit of a bot.
        """
        route, match = next(
            (route, match)
            for route in ROUTE_LIMITS
            if re.fullmatch(route.method, method) and (match := re.fullmatch(route.pattern, path))
        )
        major_parameters = ":".join(match.groups())
        if token is not None and not path.startswith(("/webhooks/", "/interactions/")):
            result = self._count(f"global:{token}", *_GLOBAL_LIMIT, "global")
            if not result.allowed:
                return result
        return self._count(
            f"{route.name}:{major_parameters}", route.limit, route.seconds, route.name
        )

    def _count(self, key: str, limit: int, seconds: float, name: str) -> RateLimitResult:
        now = self._clock.now()
        ends, used = self._windows.get(key, (0.0, 0))
        if now >= ends:
            ends, used = now + seconds, 0
            if len(self._windows) > self._clean_above:
                self._forget_windows(now)
        allowed = used < limit or not self.enabled
        self._windows[key] = (ends, min(used + 1, limit))
        bucket = None if name == _CALLBACK else hashlib.sha256(name.encode()).hexdigest()[:32]
        remaining = max(0, limit - used - 1)
        return RateLimitResult(
            limit, remaining, ends, ends - now, bucket, allowed, name == "global"
        )

    def _forget_windows(self, now: float) -> None:
        """Forget those that are over; the next time is when there are twice as many."""
        windows = self._windows.items()
        self._windows = {key: window for key, window in windows if window[0] > now}
        self._clean_above = max(_FEW_WINDOWS, 2 * len(self._windows))

    def is_banned(self, address: str) -> bool:
        """Whether an address had too many of its requests refused."""
        times = self._refused_at.get(address)
        if times is None or not self.enabled:
            return False
        self._drop_old(times)
        return len(times) >= self._max_refused

    def count_status(self, address: str, status: int) -> None:
        """Count a response towards the ban of its address."""
        if status not in _REFUSED_STATUSES:
            return
        for other, times in list(self._refused_at.items()):
            self._drop_old(times)
            if not times:
                del self._refused_at[other]
        times = self._refused_at.setdefault(address, deque(maxlen=self._max_refused))
        times.append(self._clock.now())

    def _drop_old(self, times: deque[float]) -> None:
        while times and times[0] < self._clock.now() - _REFUSED_SECONDS:
            times.popleft()

    def clear(self) -> None:
        """Delete every count."""
        self._windows.clear()
        self._refused_at.clear()
