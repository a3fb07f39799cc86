"""Wait for conditions, never for time."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], what: str, timeout_seconds: float = 30) -> None:
    """Return once `condition` holds; fail with `what` if it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_seconds:.0f} s: {what}"
        time.sleep(0.05)
