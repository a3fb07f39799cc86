"""Wait for a condition, by the clock."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from emulation.rig.errors import DeadlineError

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
_LATE = 0.05
"""The share of the time so far by which the end of a wait may be noticed late."""
_SHARE = 3
"""What a condition takes is at most this part of the time, so that waiting does not slow down what
is waited for."""
INTERRUPTED = threading.Event()
"""Set by Ctrl-C: whoever waits in another thread waits no longer."""
INTERRUPTED_STATUS = 130
"""The exit status after it, as a shell gives it: 128 and the number of SIGINT."""
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
    began = time.monotonic()
    deadline = began + timeout_seconds
    while True:
        asked = time.monotonic()
        if result := condition():
            return result
        answered = time.monotonic()
        if answered > deadline:
            more = f"\n{detail()}" if detail else ""
            raise DeadlineError(f"not within {timeout_seconds:.0f} s: {what}{more}")
        pause = max(pause_after(answered - began), (_SHARE - 1) * (answered - asked))
        time.sleep(min(pause, max(_SHORTEST_PAUSE, deadline - answered)))
        if INTERRUPTED.is_set():
            raise DeadlineError(f"interrupted while waiting: {what}")


def pause_after(waited: float) -> float:
    """The pause before a condition is tried again, after so many seconds of waiting.

    It grows with them: what takes long needs no quick answer, and each try costs processor time.
    """
    return min(max(_SHORTEST_PAUSE, _LATE * waited), _LONGEST_PAUSE)
