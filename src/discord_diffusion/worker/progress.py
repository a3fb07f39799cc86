"""Tells the user how far a job is, from a thread, never in the way of the answer."""

import logging
import threading
import time
from collections.abc import Callable

from PIL.Image import Image

from discord_diffusion.discord.api_errors import ApiError, ConnectionFailedError
from discord_diffusion.worker import job_log

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""Edits are at least this far apart; the first goes out at once."""

Edit = Callable[[str, Image | None], None]
"""Shows a text, and a sketch where there is a new one."""


class Progress:
    """Sends the latest text that `report` was given, with `edit`, from `start` until `stop`.

    An edit that fails is forgotten: the next one says more. An edit that was on its way when the
    answer went out could overwrite it, so `settle` tells whether that can still happen.
    """

    def __init__(self, edit: Edit, interval_seconds: float | None = None) -> None:
        self._edit = edit
        self._interval = INTERVAL_SECONDS if interval_seconds is None else interval_seconds
        self._changed = threading.Condition()
        self._wanted = ""
        self._sketch: Image | None = None
        self._not_before = 0.0
        self._stopped = False
        self._outcome_unknown = False
        self._thread = job_log.thread("progress", self._send)

    def start(self, after_seconds: float = 0.0) -> None:
        """Begin to send, the first text after so long: most jobs are answered before."""
        self._not_before = time.monotonic() + after_seconds
        self._thread.start()

    def report(self, text: str, sketch: Image | None = None) -> None:
        """Take note of what to say next; returns at once."""
        with self._changed:
            self._wanted = text
            self._sketch = sketch or self._sketch
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
        sent = ""
        while True:
            with self._changed:
                while not self._stopped and self._pause(sent) != 0:
                    self._changed.wait(self._pause(sent))
                if self._stopped:
                    return
                sent, sketch, self._sketch = self._wanted, self._sketch, None
            self._not_before = time.monotonic() + self._interval
            try:
                self._edit(sent, sketch)
            except ApiError as error:
                self._outcome_unknown = isinstance(error, ConnectionFailedError) and error.timed_out
                log.info("Progress could not be shown", extra={"reason": str(error)})
            else:
                self._outcome_unknown = False

    def _pause(self, sent: str) -> float | None:
        """Seconds until the next edit; None where there is nothing new to say."""
        if self._wanted == sent:
            return None
        return max(0.0, self._not_before - time.monotonic())
