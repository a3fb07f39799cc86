"""Rate limits by bucket, the limit of a bot on all routes, and the ban for too many bad requests.

The numbers are the stand-in's: Discord documents none but the 50 a second and the 10,000 in ten
minutes. Contract: https://docs.discord.com/developers/topics/rate-limits
"""

import hashlib
import re
from collections import deque
from dataclasses import dataclass

from emulation.discord.clock import Clock

_GLOBAL = (50, 1.0)
_INVALID_SECONDS = 600.0
_INVALID = (401, 403, 429)


@dataclass(frozen=True)
class Rule:
    """How often a route may be called, in each of the buckets its major parameters make."""

    name: str
    method: str
    pattern: re.Pattern[str]
    limit: int
    seconds: float


def _rule(name: str, method: str, pattern: str, limit: int, seconds: float) -> Rule:
    return Rule(name, method, re.compile(pattern), limit, seconds)


# The groups of a pattern are the major parameters: each value has a bucket of its own.
_RULES = (
    _rule("callback", "POST", r"/interactions/(\d+)/[^/]+/callback", 5, 5.0),
    _rule("webhook", ".*", r"/webhooks/(\d+/[^/]+)(?:/.*)?", 5, 2.0),
    _rule("webhooks", ".*", r"/webhooks/(\d+)", 5, 2.0),
    _rule("commands-read", "GET", r"/applications/(\d+)/.*commands.*", 50, 10.0),
    _rule("commands-write", ".*", r"/applications/(\d+)/.*commands.*", 20, 10.0),
    _rule("application", ".*", r"/(?:oauth2/)?applications/@me", 20, 10.0),
    _rule("messages-read", "GET", r"/channels/(\d+)/messages.*", 10, 5.0),
    _rule("messages-write", ".*", r"/channels/(\d+)/messages.*", 5, 5.0),
    _rule("rest", ".*", r".*", 30, 10.0),
)


@dataclass(frozen=True)
class Grant:
    """Whether a request may pass, and what its answer says of its bucket."""

    limit: int
    remaining: int
    reset_at: float
    reset_after: float
    bucket: str
    allowed: bool
    is_global: bool = False

    def headers(self) -> dict[str, str]:
        """The headers on every answer."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset_at:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }
        return (
            headers
            if self.allowed
            else headers | refusal_headers(self.reset_after, "global" if self.is_global else "user")
        )


def refusal_headers(retry_after: float, scope: str) -> dict[str, str]:
    """The headers that only a 429 has; `scope` is `user`, `global` or `shared`."""
    headers = {"Retry-After": str(max(1, round(retry_after))), "X-RateLimit-Scope": scope}
    return headers | ({"X-RateLimit-Global": "true"} if scope == "global" else {})


class RateLimiter:
    """Counts requests."""

    def __init__(self, clock: Clock, invalid_limit: int, enabled: bool) -> None:
        self._clock = clock
        self._invalid_limit = invalid_limit
        self.enabled = enabled
        self._windows: dict[str, tuple[float, int]] = {}
        self._invalid: dict[str, deque[float]] = {}

    def take(self, method: str, path: str, token: str | None) -> Grant:
        """Count a request; `path` is below /api/v10, `token` the bot's authorisation, if any.

        Interaction endpoints and webhooks are outside the limit on all of a bot's routes.
        """
        rule, match = next(
            (rule, match)
            for rule in _RULES
            if re.fullmatch(rule.method, method) and (match := rule.pattern.fullmatch(path))
        )
        major = ":".join(match.groups())
        if token is not None and not path.startswith(("/webhooks/", "/interactions/")):
            window = self._count(f"global:{token}", *_GLOBAL, "global")
            if not window.allowed:
                return window
        return self._count(f"{rule.name}:{major}", rule.limit, rule.seconds, rule.name)

    def _count(self, key: str, limit: int, seconds: float, name: str) -> Grant:
        now = self._clock.now()
        ends, used = self._windows.get(key, (0.0, 0))
        if now >= ends:
            ends, used = now + seconds, 0
            self._forget_old(now)
        allowed = used < limit or not self.enabled
        self._windows[key] = (ends, min(used + 1, limit))
        bucket = hashlib.sha256(name.encode()).hexdigest()[:32]
        remaining = max(0, limit - used - 1)
        return Grant(limit, remaining, ends, ends - now, bucket, allowed, name == "global")

    def _forget_old(self, now: float) -> None:
        if len(self._windows) > 10_000:
            self._windows = {key: one for key, one in self._windows.items() if one[0] > now}

    def is_banned(self, address: str) -> bool:
        """Whether an address had too many of its requests refused."""
        return self.enabled and len(self._recent(address)) >= self._invalid_limit

    def count_status(self, address: str, status: int) -> None:
        """Count an answer towards the ban."""
        if status in _INVALID:
            self._recent(address).append(self._clock.now())

    def _recent(self, address: str) -> deque[float]:
        times = self._invalid.setdefault(address, deque())
        while times and times[0] < self._clock.now() - _INVALID_SECONDS:
            times.popleft()
        return times

    def clear(self) -> None:
        """Forget every count."""
        self._windows.clear()
        self._invalid.clear()
