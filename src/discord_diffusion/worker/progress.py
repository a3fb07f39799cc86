"""Tells the user how far a job is, from a thread, never in the way of the answer."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from discord_diffusion.discord.api_errors import ApiError, ConnectionFailedError
from discord_diffusion.worker import job_log

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""Edits are at least this far apart; the first goes out at once."""
_LAST_EDIT_SECONDS = 3.0


class Progress:
    """Sends the latest text that `report` was given, with `edit`, until `stop`.

    An edit that fails is forgotten: the next one says more. An edit that was on its way when the
    answer went out could overwrite it, so `settle` tells whether that can still happen.
    """

    def __init__(
        self, edit: Callable[[str], None], interval_seconds: float = INTERVAL_SECONDS
    ) -> None:
        self._edit = edit
        self._interval = interval_seconds
        self._changed = threading.Condition()
        self._wanted = ""
        self._stopped = False
        self._outcome_unknown = False
        self._thread = job_log.thread("progress", self._send)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error:  # an apology follows, which a late edit must not overwrite either
            self.settle(_LAST_EDIT_SECONDS)

    def report(self, text: str) -> None:
        """Take note of what to say next; returns at once."""
        with self._changed:
            self._wanted = text
            self._changed.notify()

    def stop(self) -> None:
        """Begin no further edit; returns at once."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def settle(self, seconds: float) -> bool:
        """Wait for the edit under way, if any. True when no edit can arrive any more."""
        if self._thread.ident is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive() and not self._outcome_unknown

    def _send(self) -> None:
        sent, not_before = "", 0.0
        while True:
            with self._changed:
                while not self._stopped and (self._wanted == sent or time.monotonic() < not_before):
                    due = self._wanted != sent
                    self._changed.wait(max(0.0, not_before - time.monotonic()) if due else None)
                if self._stopped:
                    return
                sent = self._wanted
            not_before = time.monotonic() + self._interval
            try:
                self._edit(sent)
            except ApiError as error:
                self._outcome_unknown = isinstance(error, ConnectionFailedError) and error.timed_out
                log.info("Progress could not be shown", extra={"reason": str(error)})
            else:
                self._outcome_unknown = False
