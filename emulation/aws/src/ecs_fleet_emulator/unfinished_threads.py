"""The threads that LocalStack stops at its shutdown, without those that have ended.

LocalStack starts several for each execution of a state machine, and never takes one from its list.
"""

import threading
from collections.abc import Iterable
from typing import Any

FEWEST = 256
"""So many are kept before any is looked at."""


class UnfinishedThreads(list[Any]):
    """A list of threads, which forgets those that have ended as it grows."""

    def __init__(self, threads: Iterable[Any] = ()) -> None:
        super().__init__(threads)
        self._lock = threading.Lock()
        self._most = FEWEST

    def append(self, thread: Any) -> None:
        """Add a thread, which may not have started yet."""
        with self._lock:
            super().append(thread)
            if len(self) > self._most:
                self[:] = [one for one in self if not _has_ended(one)]
                self._most = max(FEWEST, 2 * len(self))


def _has_ended(thread: Any) -> bool:
    return (
        isinstance(thread, threading.Thread) and thread.ident is not None and not thread.is_alive()
    )
