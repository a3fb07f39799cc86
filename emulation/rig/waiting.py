"""Wait for a condition, by the clock."""

import time
from collections.abc import Callable
from typing import TypeVar

from emulation.rig.errors import DeadlineError

_POLL_SECONDS = 0.05
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
    while not (result := condition()):
        if time.monotonic() > deadline:
            more = f"\n{detail()}" if detail else ""
            raise DeadlineError(f"not within {timeout_seconds:.0f} s: {what}{more}")
        time.sleep(_POLL_SECONDS)
    return result
