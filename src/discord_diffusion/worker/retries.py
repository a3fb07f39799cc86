"""How long a call to Discord is tried again. One policy for every kind of call."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from discord_diffusion.discord.errors import (
    NotAnsweredYetError,
    RateLimitedError,
    TransientApiError,
)

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """Bounds of patience, in seconds; the defaults suit a user who is waiting."""

    attempts: int = 7
    """Calls in all, rate-limited ones not counted: those are bounded by their wait."""
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_rate_limit_wait: float = 60.0
    """Waits for rate limits together."""
    answer_arrives_within: float = 10.0
    """The first answer may reach Discord after our first edit: contract, row 'follow-up'."""
    answer_pause: float = 0.5
    answer_attempts: int = 5
    """At least, however late it is by the clock: the process may have been frozen meanwhile."""


@dataclass(frozen=True)
class Retrier:
    """Calls until it works, the error is not worth another try, or patience ends."""

    policy: RetryPolicy = field(default_factory=RetryPolicy)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = random.uniform

    def call(self, function: Callable[[], T], give_up_at: float) -> T:
        """The result of `function`; its last error when patience ends.

        It ends at `give_up_at`, a reading of `clock`, at the latest.
        """
        started = self.clock()
        failures, early, rate_limit_wait = 0, 0, 0.0
        while True:
            try:
                return function()
            except RateLimitedError as error:
                pause = error.retry_after + self.uniform(0.0, 0.1)
                rate_limit_wait += pause
                if rate_limit_wait > self.policy.longest_rate_limit_wait:
                    raise
                reason: TransientApiError = error
            except NotAnsweredYetError as error:
                pause = self.policy.answer_pause
                early += 1
                late = self.clock() + pause - started > self.policy.answer_arrives_within
                if late and early >= self.policy.answer_attempts:
                    raise
                reason = error
            except TransientApiError as error:
                failures += 1
                if failures >= self.policy.attempts:
                    raise
                pause = self._backoff(failures)
                reason = error
            if self.clock() + pause >= give_up_at:
                raise reason
            log.info(
                "Discord is asked again", extra={"pause": round(pause, 2), "reason": str(reason)}
            )
            self.sleep(pause)

    def _backoff(self, failures: int) -> float:
        """Exponential with jitter, never less than half, so that a fleet spreads out."""
        ceiling = min(self.policy.longest_pause, self.policy.first_pause * 2 ** (failures - 1))
        return self.uniform(ceiling / 2, ceiling)
