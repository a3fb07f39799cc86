"""Wait for a condition, by the clock."""

import time
from collections.abc import Callable
from typing import TypeVar

from emulation.rig.errors import DeadlineError

_POLL_SECONDS = 0.05
_SHARE = 3
"""What a condition takes is at most this part of the time, so that waiting does not slow down what
is waited for."""
Result = TypeVar("Result")


def wait_until(
    condition: Callable[[], Result],
    what: str,
    timeout_seconds: float = 120,
    detail: Callable[[], str] | None = None,
) -> Result:
    """Return what `condition` returns once that is true.

    Args:
        condition: called again and again.
        what: what is waited for, for the error.
        timeout_seconds: after which it is an error.
        detail: gives the end of the error's text, for example the last lines of a log.

    Raises:
        DeadlineError: it did not hold in time.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        asked = time.monotonic()
        if result := condition():
            return result
        answered = time.monotonic()
        if answered > deadline:
            more = f"\n{detail()}" if detail else ""
            raise DeadlineError(f"not within {timeout_seconds:.0f} s: {what}{more}")
        time.sleep(max(_POLL_SECONDS, (_SHARE - 1) * (answered - asked)))
