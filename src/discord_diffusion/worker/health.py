"""The health file: rewritten while the worker gets on, so that its age shows whether it does."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

_INTERVAL_SECONDS = 1.0


class Health:
    """Writes the state into the file, if there is one; at most once a second for one state."""

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._state = ""
        self._written_at = float("-inf")

    def beat(self, state: str) -> None:
        """The worker is alive and doing `state`: starting, polling, working or stopping."""
        now = self._clock()
        if self._path is None or (
            state == self._state and now - self._written_at < _INTERVAL_SECONDS
        ):
            return
        self._state, self._written_at = state, now
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            temporary.write_text(f"{state}\n")
            temporary.replace(self._path)  # readers never see half a file
        except OSError as error:
            # Work goes on: whoever reads the file sees it grow old.
            log.warning("The health file cannot be written", extra={"reason": str(error)})
