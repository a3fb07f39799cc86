"""The lease on one message: its visibility timeout, extended by a thread while the job runs."""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from discord_diffusion.aws.errors import QueueError, ReceiptLostError
from discord_diffusion.aws.queue import JobQueue, ReceivedMessage
from discord_diffusion.worker import job_log

log = logging.getLogger(__name__)

_EXTENSIONS_PER_TIMEOUT = 3
"""So extensions may fail for two thirds of the timeout before the message is visible again."""
_END_SECONDS = 2.0


@dataclass(frozen=True)
class LeaseTerms:
    """The settings of the queue that leases depend on."""

    visibility_seconds: int
    max_receive_count: int

    def is_last_receive(self, message: ReceivedMessage) -> bool:
        """Whether a message that is released now becomes a dead letter."""
        return message.receive_count >= self.max_receive_count


class Lease:
    """Keeps a message from other workers, from `start` to `end`.

    While the queue cannot be reached, the extension is repeated until the visibility timeout has
    passed by the clock. From then on the lease counts as lost, without a call to the queue: the
    receipt handle of a FIFO queue is valid no longer than that, and a process that was frozen for a
    while would otherwise believe that it still holds the message.

    After `life_seconds` the lease is no longer extended: a job that hangs must not hold up the next
    job of its user. If it has not ended by then, the lease's thread calls `on_overdue`.
    """

    def __init__(
        self,
        queue: JobQueue,
        receipt_handle: str,
        visibility_seconds: int,
        *,
        life_seconds: float = math.inf,
        on_overdue: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._receipt_handle = receipt_handle
        self._visibility = visibility_seconds
        self._on_overdue = on_overdue
        self._clock = clock
        self._held_until = clock() + visibility_seconds
        self._ends_at = clock() + life_seconds
        self._lost = False
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread = job_log.thread("lease", self._extend_until_ended)

    def start(self) -> None:
        """Begin to extend."""
        self._thread.start()

    def end(self) -> None:
        """Stop extending: no extension can follow a later release or delete."""
        self._ended.set()
        # A hanging extension is not waited for: SQS received it before the next call.
        if self._lock.acquire(timeout=_END_SECONDS):
            self._lock.release()

    def supersede(self) -> None:
        """This worker has received the message again, so the queue had made it visible."""
        log.warning("The lease is lost: its message was received again")
        self._lost = True

    def wait_for_end(self, seconds: float) -> bool:
        """Wait until `end` has been called; False if it was not in that time."""
        return self._ended.wait(seconds)

    @property
    def lost(self) -> bool:
        """Whether this worker is known to have lost the message; returns at once."""
        return self._lost

    @property
    def current(self) -> bool:
        """Whether this worker holds the message for certain, by the clock; returns at once."""
        return not self._lost and self._clock() < self._held_until

    def is_held(self) -> bool:
        """Whether this worker holds the message; waits for an extension that is under way."""
        with self._lock:
            return self._check_clock()

    def is_confirmed(self) -> bool:
        """Whether the queue agrees that this worker holds the message, or does not answer."""
        with self._lock:
            if self._check_clock():
                self._try_to_extend()
            return self._check_clock()

    def _extend_until_ended(self) -> None:
        pause = self._visibility / _EXTENSIONS_PER_TIMEOUT
        while not self._ended.wait(max(0.0, min(pause, self._ends_at - self._clock()))):
            if self._clock() >= self._ends_at:
                log.warning("The lease is no longer extended: the job is overdue")
                self._on_overdue()
                return
            with self._lock:
                if self._ended.is_set():
                    return
                extended = self._check_clock() and self._try_to_extend()
                self._check_clock()
            if not self._lost:
                pause = self._visibility / _EXTENSIONS_PER_TIMEOUT / (1 if extended else 4)
            elif math.isinf(self._ends_at):
                return
            else:  # only the end of the job's time is left to wait for
                pause = math.inf

    def _check_clock(self) -> bool:
        """Whether the lease holds; once it has expired, it never holds again."""
        if not self._lost and self._clock() >= self._held_until:
            log.warning("The lease has expired")
            self._lost = True
        return not self._lost

    def _try_to_extend(self) -> bool:
        asked_at = self._clock()
        try:
            self._queue.extend(self._receipt_handle, self._visibility)
        except ReceiptLostError:
            log.warning("The lease on the message is lost")
            self._lost = True
            return False
        except QueueError as error:
            log.warning("The lease could not be extended", extra={"reason": str(error)})
            return False
        except Exception as error:  # noqa: BLE001 - the thread has to see the end of the lease
            log.error("The lease could not be extended", extra={"error": type(error).__name__})
            return False
        self._held_until = asked_at + self._visibility
        return True
