"""Calls to AWS within the time that an answer has, repeated at once where that can help.

A connection that is kept from the last answer may have died while Lambda had the function frozen:
the first call on it fails at once (reset) or after its time-out (silent), and the same call on a
new connection succeeds. The SDK's own repeats pause for up to a second first, which an answer does
not have, so clients of functions that answer make one attempt and the repeat is made here.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from discord_diffusion.aws.errors import may_succeed_later

T = TypeVar("T")

ANSWER_SECONDS = 2.6
"""From the start of an answer to the end of its last call, of the 3 s that Discord waits.
https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback"""
_PAUSE_SECONDS = 0.05
"""Before the repeat of a call that AWS throttled, or answered with an error of its own."""


class TimeIsUpError(HTTPClientError):
    """A call is not made: it might not end before the answer is due."""

    fmt = "No time is left for the call."


class Deadline:
    """The time of one answer, which begins anew with each."""

    def __init__(
        self, seconds: float = ANSWER_SECONDS, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """An answer begins."""
        self._begun = self._clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the answer began."""
        return self._clock() - self._begun

    def allows(self, seconds: float) -> bool:
        """Whether a call that takes `seconds` ends in time."""
        return self.elapsed + seconds <= self._seconds


@dataclass(frozen=True)
class Attempts:
    """Makes the calls of one client, whose attempts take `seconds` at worst.

    Without a deadline nobody waits for the calls, and the client's own repeats are enough.
    """

    deadline: Deadline | None
    seconds: float

    @classmethod
    def of(cls, config: Config, deadline: Deadline | None) -> "Attempts":
        """Those of a client with this configuration."""
        timeouts: Any = config  # the type stubs of botocore omit its options
        return cls(deadline, timeouts.connect_timeout + timeouts.read_timeout)

    def make(self, call: Callable[[], T], *, repeat: bool = True) -> T:
        """Make a call, and with `repeat` once more if it may succeed then and the time is enough.

        The first attempt of a write may have reached AWS although its answer was lost, as with the
        SDK's own repeats: a write that is repeated must say by a condition or a token that it is
        the same.

        Raises:
            TimeIsUpError: no time is left for an attempt.
        """
        if self.deadline is None:
            return call()
        if not self.deadline.allows(self.seconds):
            raise TimeIsUpError
        try:
            return call()
        except (ClientError, BotoCoreError) as error:
            pause = _PAUSE_SECONDS if isinstance(error, ClientError) else 0.0
            in_time = repeat and self.deadline.allows(pause + self.seconds)
            if not may_succeed_later(error) or not in_time:
                raise
        time.sleep(pause)
        return call()
