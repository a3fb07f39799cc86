"""The retry policy: how often and how long a call to Discord is repeated, whatever its kind."""

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
    """Limits of the repetitions, in seconds; the defaults suit a waiting user."""

    attempts: int = 7
    """Calls in all, without rate-limited ones, which are limited by `longest_rate_limit_wait`."""
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_rate_limit_wait: float = 60.0
    """The sum of all waits for rate limits."""
    answer_arrives_within: float = 10.0
    """How long after a job's first edit the function's answer may still reach Discord."""
    answer_pause: float = 0.5
    answer_attempts: int = 5
    """The fewest calls, however late it is by the clock: the process may have been frozen."""


@dataclass(frozen=True)
class Retrier:
    """Repeats calls that failed with a transient error, within the policy."""

    policy: RetryPolicy = field(default_factory=RetryPolicy)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    uniform: Callable[[float, float], float] = random.uniform

    def call(self, function: Callable[[], T], give_up_at: float) -> T:
        """The result of `function`, which is repeated until `give_up_at`, a time by `clock`.

        Raises:
            ApiError: the last error of `function`, if the policy allows no other try.
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
                policy = self.policy
                pause = self.uniform(*backoff(failures, policy.first_pause, policy.longest_pause))
                reason = error
            if self.clock() + pause >= give_up_at:
                raise reason
            log.info(
                "A call to Discord is repeated",
                extra={"pause": round(pause, 2), "reason": str(reason)},
            )
            self.sleep(pause)


def backoff(failures: int, first: float, longest: float) -> tuple[float, float]:
    """The shortest and the longest pause after so many failures, in seconds.

    Each failure doubles it; a random pause in between keeps a fleet from acting in step.
    """
    ceiling = min(longest, first * 2 ** min(failures - 1, 10))
    return ceiling / 2, ceiling
