"""The watchdog: rewrites the health file while the worker is healthy, and ends a hung pipeline."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from discord_diffusion.worker.errors import JobExpiredError
from discord_diffusion.worker.failures import rule_for
from discord_diffusion.worker.held_jobs import HeldJob, HeldJobs, Stage
from discord_diffusion.worker.outcomes import HURRY_SECONDS, JobOutcomes
from discord_diffusion.worker.pace import Pace

log = logging.getLogger(__name__)

HUNG_AFTER_SECONDS = 300.0
"""The longest time without a step: the first step may compile, the last step decodes."""
OVERDUE_SECONDS = 60.0
"""A job that is drawn for longer than this after its token has expired hangs."""
_CHECK_SECONDS = 1.0
_SETTLE_SECONDS = 0.5
_FILE_SECONDS = 1.0
"""Between two writes of the health file with the same state."""


class HealthFile:
    """A file whose age shows whether the worker is healthy; without a path it does nothing."""

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._state = ""
        self._written_at = float("-inf")

    def write(self, state: str) -> None:
        """Write the state, `polling` or `working`; the same state at most once a second."""
        now = self._clock()
        if self._path is None or (state == self._state and now - self._written_at < _FILE_SECONDS):
            return
        self._state, self._written_at = state, now
        temporary = self._path.with_name(self._path.name + ".new")
        try:
            temporary.write_text(f"{state}\n")
            temporary.replace(self._path)  # readers never see half a file
        except OSError as error:
            # Work goes on; the file is not rewritten, which its readers notice.
            log.warning("The health file cannot be written", extra={"reason": str(error)})


@dataclass
class Watchdog:
    """Checks the worker every second until it ends or hangs; then calls `on_hang`, once."""

    held_jobs: HeldJobs
    outcomes: JobOutcomes
    pace: Pace
    health: HealthFile
    on_hang: Callable[[], None]
    _stepped_at: float = field(default_factory=time.monotonic)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to check, in a thread."""
        threading.Thread(name="watchdog", target=self._watch, daemon=True).start()

    def end(self) -> None:
        """Check no more."""
        self._ended.set()

    def pipeline_stepped(self) -> None:
        """Note that the pipeline has made a step."""
        self._stepped_at = time.monotonic()

    def job_overdue(self, held: HeldJob) -> None:
        """Notify the user of a job that is still drawn at the end of its time.

        If the job does not end soon after, the pipeline hangs. It cannot be stopped from within,
        so the process has to end.
        """
        if held.stage is not Stage.DRAWING:
            return
        held.progress.stop()
        held.progress.settle(_SETTLE_SECONDS)
        if held.last or not held.lease.lost:
            try:
                self.outcomes.apologise(held.job, rule_for(JobExpiredError()).text, HURRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - the pipeline may hang all the same
                log.error("The user was not notified", extra={"error": type(error).__name__})
        if not held.lease.wait_for_end(OVERDUE_SECONDS):
            log.critical("The job hangs", extra={"message_id": held.message.message_id})
            self.on_hang()

    def _watch(self) -> None:
        while not self._ended.is_set():
            if not self.held_jobs.all(Stage.DRAWING):
                self.pipeline_stepped()
                self._report("working" if self.held_jobs.all() else "polling")
            elif time.monotonic() - self._stepped_at < HUNG_AFTER_SECONDS:
                self._report("working")
            else:
                log.critical("The pipeline hangs", extra={"seconds": HUNG_AFTER_SECONDS})
                self.on_hang()
                return
            self._ended.wait(_CHECK_SECONDS)

    def _report(self, state: str) -> None:
        self.health.write(state)
        try:
            self.pace.publish()
        except Exception as error:  # noqa: BLE001 - the watchdog goes on
            log.error("The pace could not be written", extra={"error": type(error).__name__})
