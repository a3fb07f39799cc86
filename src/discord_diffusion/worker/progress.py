"""The progress message: shows how far a job is, from a thread that never delays the answer."""

import logging
import threading
import time
from collections.abc import Callable

from PIL.Image import Image

from discord_diffusion.discord.errors import WITHDRAWN, ApiError, ConnectionFailedError
from discord_diffusion.jobs.job import Job
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker import job_log

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
"""Edits are at least this far apart; the first is made at once."""

Edit = Callable[[str, Image | None], None]
"""Shows a text, and a sketch where there is a new one."""


class Progress:
    """Shows the latest text that was reported, by calling `edit`, from `start` until `stop`.

    An edit that fails is not repeated: the next one is newer. An edit that is under way when the
    answer is uploaded could overwrite the answer; `settle` returns whether that can still happen.
    `deleted` becomes true when Discord has no message to edit any more. Before each edit
    `is_forbidden` is asked whether a moderator has stopped the job; then `forbidden` becomes true.
    """

    def __init__(
        self,
        edit: Edit,
        interval_seconds: float | None = None,
        is_forbidden: Callable[[], bool] = lambda: False,
    ) -> None:
        self.deleted = False
        self.forbidden = False
        self._edit = edit
        self._is_forbidden = is_forbidden
        self._interval = INTERVAL_SECONDS if interval_seconds is None else interval_seconds
        self._changed = threading.Condition()
        self._reported = ""
        self._sketch: Image | None = None
        self._not_before = 0.0
        self._stopped = False
        self._outcome_unknown = False
        self._thread = job_log.thread("progress", self._show_until_stopped)

    def start(self, after_seconds: float = 0.0) -> None:
        """Begin to show, the first text after `after_seconds`."""
        self._not_before = time.monotonic() + after_seconds
        self._thread.start()

    def report(self, status: str, sketch: Image | None = None) -> None:
        """Set what is shown next; returns at once."""
        with self._changed:
            self._reported = status
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

    def _show_until_stopped(self) -> None:
        shown = ""
        while True:
            with self._changed:
                while not self._stopped and self._pause(shown) != 0:
                    self._changed.wait(self._pause(shown))
                if self._stopped:
                    return
                shown, sketch, self._sketch = self._reported, self._sketch, None
            self._not_before = time.monotonic() + self._interval
            try:
                if self._is_forbidden():
                    self.forbidden = True
                    return
                if self._has_stopped():  # while that was asked
                    return
                self._edit(shown, sketch)
            except ApiError as error:
                self._outcome_unknown = isinstance(error, ConnectionFailedError) and error.timed_out
                self.deleted = error.code in WITHDRAWN
                log.info("Progress could not be shown", extra={"reason": str(error)})
                if self.deleted:
                    return
            except Exception as error:  # noqa: BLE001 - progress is never worth a job
                log.error("Progress could not be shown", extra={"error": type(error).__name__})
            else:
                self._outcome_unknown = False

    def _has_stopped(self) -> bool:
        with self._changed:
            return self._stopped

    def _pause(self, shown: str) -> float | None:
        """Seconds until the next edit; None where there is nothing new to show."""
        if self._reported == shown:
            return None
        return max(0.0, self._not_before - time.monotonic())


def progress_text(job: Job, steps_done: int = 0, steps: int = 0, *, last_try: bool = False) -> str:
    """How far a job is. On a last try it stays true if the worker dies."""
    locale = job.locale
    status = say(locale, "working.begun")
    if steps_done:
        status = say(locale, "working.steps", done=steps_done, steps=steps)
    lines = [status]
    if last_try:
        # Discord shows it in each reader's time zone: https://docs.discord.com/developers/reference#message-formatting
        by = f"<t:{int(job.expires_at.timestamp())}:t>"
        lines.append(f"-# {say(locale, 'working.last_try', by=by)}")
    return "\n".join(lines)
