"""Says that the worker is well, and notices when its pipeline stands still."""

import logging
import threading
import time
from collections.abc import Callable

from discord_diffusion.worker.errors import JobExpiredError
from discord_diffusion.worker.failures import rule_for
from discord_diffusion.worker.held import Held, Stage
from discord_diffusion.worker.held_jobs import Holdings
from discord_diffusion.worker.outcomes import HURRY_SECONDS, Endings

log = logging.getLogger(__name__)

STILL_SECONDS = 300.0
"""How long a pipeline may go on without a step: the first one may compile, the last one decodes."""
OVERDUE_SECONDS = 60.0
"""The same, for a job whose time is over."""
_LOOK_SECONDS = 1.0
_SETTLE_SECONDS = 0.5


class Watch:
    """Calls `beat` with a state every second, until the pipeline hangs; then `on_hang`, once."""

    def __init__(
        self,
        holdings: Holdings,
        endings: Endings,
        beat: Callable[[str], None],
        on_hang: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._holdings = holdings
        self._endings = endings
        self._beat = beat
        self._on_hang = on_hang
        self._clock = clock
        self._stepped_at = clock()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(name="watch", target=self._look, daemon=True).start()

    def stepped(self) -> None:
        """The pipeline gets on."""
        self._stepped_at = self._clock()

    def overdue(self, held: Held) -> None:
        """A job's time is over: if it is still drawn, tell its user, then wait no longer.

        What hangs cannot be ended from within, so the process has to.
        """
        if held.stage is not Stage.DRAWING:
            return
        held.progress.stop()
        held.progress.settle(_SETTLE_SECONDS)
        if held.last or not held.lease.lost:
            self._endings.apologise(held.job, rule_for(JobExpiredError()).text, HURRY_SECONDS)
        if not held.lease.wait_for_end(OVERDUE_SECONDS):
            log.critical("The job hangs", extra={"message_id": held.message.message_id})
            self._on_hang()

    def _look(self) -> None:
        while True:
            if not self._holdings.all(Stage.DRAWING):
                self.stepped()
                self._beat("working" if self._holdings.all() else "polling")
            elif self._clock() - self._stepped_at < STILL_SECONDS:
                self._beat("working")
            else:
                log.critical("The pipeline hangs", extra={"seconds": STILL_SECONDS})
                self._on_hang()
                return
            time.sleep(_LOOK_SECONDS)
