"""Wait for conditions by the clock."""

import time
from collections.abc import Callable

from emulation.rig.errors import StartError

_POLL_SECONDS = 0.1


def wait_until(
    condition: Callable[[], bool], what: str, timeout_seconds: float, detail: Callable[[], str]
) -> None:
    """Return once `condition` holds.

    Raises:
        StartError: it did not hold in time; the text ends with `detail()`.
    """
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StartError(f"{what} was not ready after {timeout_seconds:.0f} s.\n{detail()}")
        time.sleep(_POLL_SECONDS)
