"""The lease on one message: its visibility timeout, extended from a thread while the job runs."""

import logging
import math
import threading
import time
from collections.abc import Callable

from discord_diffusion.aws.errors import QueueError, ReceiptLostError
from discord_diffusion.worker import job_log

log = logging.getLogger(__name__)

_EXTENSIONS_PER_TIMEOUT = 3
"""Extensions may fail for two thirds of the timeout before others see the message."""
_END_SECONDS = 2.0


class Lease:
    """Holds a message from `start` to `end`.

    `extend(seconds)` sets the visibility timeout to that many seconds from now and raises
    `ReceiptLostError` when the receipt handle is no longer good; any other `QueueError` counts as a
    passing fault and is tried again until the visibility has run out by the clock. From then on the
    lease is lost, without a question to the queue: the receipt handle of a FIFO queue ends with
    the visibility, and a process that was stopped wakes up believing that it still holds it.

    After `life_seconds` it is extended no more: a job that hangs must not hold up its user's next
    one. Should it not have ended then, `on_overdue` is called from the lease's thread.
    """

    def __init__(
        self,
        extend: Callable[[int], None],
        visibility_seconds: int,
        *,
        life_seconds: float = math.inf,
        on_overdue: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._extend = extend
        self._visibility = visibility_seconds
        self._on_overdue = on_overdue
        self._clock = clock
        self._held_until = clock() + visibility_seconds
        self._ends_at = clock() + life_seconds
        self._lost = False
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._thread = job_log.thread("lease", self._keep)

    def start(self) -> None:
        """Begin to extend."""
        self._thread.start()

    def end(self) -> None:
        """Stop extending; afterwards no extension can undo a release or follow a delete."""
        self._done.set()
        # An extension that hangs is not waited for: it carries the older wish and will fail late.
        if self._lock.acquire(timeout=_END_SECONDS):
            self._lock.release()

    def wait_for_end(self, seconds: float) -> bool:
        """Wait until `end` has been called; False when it was not in that time."""
        return self._done.wait(seconds)

    @property
    def lost(self) -> bool:
        """Whether the message is known to be no longer ours; answers at once."""
        return self._lost

    @property
    def current(self) -> bool:
        """Whether the message is ours for certain; answers at once, from the clock."""
        return not self._lost and self._clock() < self._held_until

    def is_held(self) -> bool:
        """Whether the message is ours, an extension that is under way waited for."""
        with self._lock:
            return self._check_clock()

    def _keep(self) -> None:
        pause = self._visibility / _EXTENSIONS_PER_TIMEOUT
        while not self._done.wait(max(0.0, min(pause, self._ends_at - self._clock()))):
            if self._clock() >= self._ends_at:
                log.warning("The lease is extended no more: the job's time is over")
                self._on_overdue()
                return
            with self._lock:
                if self._done.is_set():
                    return
                extended = self._check_clock() and self._try_to_extend()
                self._check_clock()
            if not self._lost:
                pause = self._visibility / _EXTENSIONS_PER_TIMEOUT / (1 if extended else 4)
            elif math.isinf(self._ends_at):
                return
            else:  # only the end of its time is still of interest
                pause = self._ends_at - self._clock()

    def _check_clock(self) -> bool:
        """Whether the lease goes on; once its time has run out, it never does again."""
        if not self._lost and self._clock() >= self._held_until:
            log.warning("The lease has run out")
            self._lost = True
        return not self._lost

    def _try_to_extend(self) -> bool:
        asked_at = self._clock()
        try:
            self._extend(self._visibility)
        except ReceiptLostError:
            log.warning("The lease on the message is lost")
            self._lost = True
            return False
        except QueueError as error:
            log.warning("The lease could not be extended", extra={"reason": str(error)})
            return False
        self._held_until = asked_at + self._visibility
        return True
