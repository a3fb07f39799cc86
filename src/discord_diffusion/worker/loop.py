"""Receives, prepares, draws and delivers jobs side by side, until told to stop.

receive ─▶ prepare (4 threads) ─▶ draw (this thread) ─▶ deliver (4 threads)
"""

import logging
import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait

from discord_diffusion.aws.errors import QueueError
from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.worker import job_log
from discord_diffusion.worker.deliver import Delivery
from discord_diffusion.worker.draw import Drawing
from discord_diffusion.worker.held import Held, Stage
from discord_diffusion.worker.held_jobs import NOTHING_TO_FETCH, Holdings
from discord_diffusion.worker.outcomes import Endings
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.prepare import Intake
from discord_diffusion.worker.queue import Queue

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_LOOK_SECONDS = 5.0
"""How often the receiving thread looks whether it should stop, at least."""
_LEAD_SECONDS = (0.3, 5.0)
"""How long before the end of a batch the next one is fetched: at least and at most."""
_DELIVERY_SECONDS = 5.0
"""Of the time to stop in, what is kept for the upload of pictures."""
_GIVE_BACK_SECONDS = 5.0
_UPLOAD_GRACE_SECONDS = 10
"""Before others see a job whose upload was cut off: it may still arrive."""


class Loop:
    """A queue that cannot be reached is asked again, ever more patiently."""

    def __init__(
        self,
        queue: Queue,
        intake: Intake,
        holdings: Holdings,
        drawing: Drawing,
        delivery: Delivery,
        endings: Endings,
        pace: Pace,
        *,
        stop_timeout_seconds: float,
    ) -> None:
        self._queue = queue
        self._intake = intake
        self._holdings = holdings
        self._drawing = drawing
        self._delivery = delivery
        self._endings = endings
        self._pace = pace
        self._stop_timeout = stop_timeout_seconds
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="prepare")
        self._prepare_seconds: deque[float] = deque([0.0], maxlen=8)
        self._broken: BaseException | None = None

    def run(self) -> None:
        """Return after `stop`, when the open poll and the jobs in work have ended."""
        receiver = threading.Thread(name="receive", target=self._receive, daemon=True)
        receiver.start()
        while batch := self._holdings.next_batch():
            self._drawing.draw(batch)
        receiver.join()
        if self._stopping.is_set():
            self._stopped.wait()  # until all that is to go back is on its way
        self._pool.shutdown()
        self._delivery.finish()
        if self._broken:
            raise self._broken

    def stop(self) -> None:
        """Receive no more; give back what is not begun, or would not be drawn in time."""
        self._stopping.set()
        returned = self._holdings.close()
        left = self._holdings.drawing_left()
        if self._stop_timeout - _DELIVERY_SECONDS < left < float("inf"):
            # On its last receive a job is worth the risk: nobody else may draw it.
            returned += [held for held in self._holdings.all(Stage.DRAWING) if not held.last]
        for held in returned:
            self._pool.submit(self._return, held)
        self._stopped.set()

    def give_back(self) -> None:
        """Let others have everything that is still held: the process is about to end."""
        left = self._holdings.all()
        if not left:
            return
        pool = ThreadPoolExecutor(len(left), thread_name_prefix="give-back")
        wait([pool.submit(self._return, held) for held in left], _GIVE_BACK_SECONDS)

    def _receive(self) -> None:
        try:
            failures = 0
            while not self._stopping.is_set():
                failures = self._poll(failures)
        except BaseException as error:  # noqa: BLE001 - raised again where the process ends by it
            self._broken = error
            self._holdings.close()

    def _poll(self, failures: int) -> int:
        """One poll, when it is time for one; how many have failed in a row."""
        seconds = self._holdings.wait_to_receive(self._lead(), _LOOK_SECONDS)
        if seconds == NOTHING_TO_FETCH:
            return failures
        try:
            received = self._queue.receive(wait_seconds=seconds)
        except QueueError as error:
            self._holdings.found_none()
            pause = _pause(failures + 1)
            log.error(
                "The queue does not answer",
                extra={"reason": str(error), "pause": round(pause, 1)},
            )
            self._stopping.wait(pause)
            return failures + 1
        if not received:
            self._holdings.found_none()
        for message in received:
            try:
                self._take(message)
            except Exception as error:  # noqa: BLE001 - its visibility timeout gives it back
                log.critical("The message was not taken", extra={"error": type(error).__name__})
        return 0

    def _take(self, message: ReceivedMessage) -> None:
        if self._stopping.is_set():
            # The poll was open when the signal came; the next worker has it at once.
            self._endings.give_back(message)
            return
        try:
            held = self._intake.take(message)
        except InvalidJobError as error:
            self._pool.submit(self._endings.unreadable, message, error)
            return
        self._holdings.add(held)
        self._pool.submit(self._prepare, held)

    def _prepare(self, held: Held) -> None:
        try:
            self._make_ready(held)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not hold a job for ever
            log.critical("The job was not ended", extra={"error": type(error).__name__})
            held.lease.end()
            self._holdings.end(held)

    def _make_ready(self, held: Held) -> None:
        with job_log.about(held.job.id):
            started = time.monotonic()
            unsent = self._delivery.unsent(held.job)
            least = 0.0 if unsent else self._pace.least(held.job.parameters)
            try:
                wanted = self._intake.prepare(held, least)
            except Exception as error:  # noqa: BLE001 - one bad job never stops the worker
                self._delivery.submit(held, error)
                return
            self._prepare_seconds.append(time.monotonic() - started)
            if not wanted:
                self._holdings.end(held)
            elif unsent:
                self._delivery.submit(held, unsent)
            elif not self._holdings.make_ready(held):
                self._return(held)

    def _return(self, held: Held) -> None:
        with job_log.about(held.job.id):
            log.warning("The job is given back", extra={"stage": held.stage.value})
            held.given_back = True
            held.progress.stop()
            held.progress.settle(1.0)
            held.lease.end()
            grace = _UPLOAD_GRACE_SECONDS if held.stage is Stage.DELIVERING else 0
            self._endings.give_back(held.message, grace)
            self._holdings.end(held)

    def _lead(self) -> float:
        least, most = _LEAD_SECONDS
        return min(most, least + 2 * max(self._prepare_seconds))


def _pause(failures: int) -> float:
    ceiling = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads a fleet out, no secret
