"""The worker: brings each job from the queue to its user, in four stages that work in parallel.

receive (1 thread) ─▶ prepare (4+2 threads) ─▶ draw (the thread of `run`) ─▶ deliver (4 threads)

`Worker` is the whole route, top down. What a stage does is in the module of its name, how a job
ends is in `outcomes`, and the rules for failures are in `failures`.
"""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.settings.worker import DELIVERY_SECONDS
from discord_diffusion.worker import job_log
from discord_diffusion.worker.answer import Answer
from discord_diffusion.worker.deliver import Deliverer
from discord_diffusion.worker.dependencies import Dependencies
from discord_diffusion.worker.draw import BatchDrawer
from discord_diffusion.worker.errors import DeviceLostError
from discord_diffusion.worker.held_jobs import HeldJob, HeldJobs, Stage
from discord_diffusion.worker.outcomes import JobOutcomes
from discord_diffusion.worker.pipeline_types import Generation
from discord_diffusion.worker.prepare import Preparer
from discord_diffusion.worker.receive import Receiver
from discord_diffusion.worker.watchdog import Watchdog

log = logging.getLogger(__name__)

_PREPARE_THREADS = 4
_FETCH_THREADS = 2
"""For jobs with a source image, which may take long to fetch and decode: they hold up no other. So
few, because each may take much memory."""
_DELIVER_THREADS = 4
_GIVE_BACK_SECONDS = 5.0
_SETTLE_SECONDS = 1.0
"""How long a job that is given back waits for an edit that is under way."""
_EDIT_GRACE_SECONDS = 10
"""How long a job is hidden whose edit was interrupted, and may still arrive at Discord.

Pictures that arrive later than those of the next worker are there twice, and progress overwrites
them.
"""


class Worker:
    """Works from `start` and `run` until `stop`. A job that fails never ends the worker."""

    def __init__(self, needs: Dependencies) -> None:
        self._protection = needs.protection
        self._stop_timeout = needs.stop_timeout_seconds
        self._end_process = needs.end_process
        self.held_jobs = HeldJobs(needs.protection)
        self._telemetry = needs.telemetry
        self._outcomes = JobOutcomes(
            needs.queue, needs.publisher, needs.records, needs.terms, needs.telemetry
        )
        self._watchdog = Watchdog(
            self.held_jobs, self._outcomes, needs.pace, needs.health, self._end_hung_process
        )
        self._receiver = Receiver(
            needs.queue,
            needs.terms,
            needs.generator,
            needs.publisher,
            needs.records,
            self.held_jobs,
            self._watchdog,
        )
        self._preparer = Preparer(
            needs.records, needs.publisher, needs.source_images, self._outcomes, needs.pace
        )
        self._drawer = BatchDrawer(
            needs.generator, self.held_jobs, needs.pace, self._watchdog, needs.telemetry
        )
        self._deliverer = Deliverer(
            needs.publisher,
            picture_scale=needs.picture_scale,
            picture_format=needs.picture_format,
            notice=needs.model_notice,
        )
        self._prepare_pool = ThreadPoolExecutor(_PREPARE_THREADS, thread_name_prefix="prepare")
        self._fetch_pool = ThreadPoolExecutor(_FETCH_THREADS, thread_name_prefix="fetch")
        self._deliver_pool = ThreadPoolExecutor(_DELIVER_THREADS, thread_name_prefix="deliver")
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._receive_error: BaseException | None = None

    def start(self) -> None:
        """Start the threads beside the stages: task protection and the watchdog."""
        self._protection.start()
        self._watchdog.start()

    def run(self) -> None:
        """Work until `stop`; returns when the open poll and the jobs that were begun have ended.

        Raises:
            DeviceLostError: nothing can be drawn any more; the jobs are still held.
            BaseException: the receiving thread failed with it.
        """
        try:
            self._work()
        finally:
            self._watchdog.end()

    def _work(self) -> None:
        receiving = threading.Thread(name="receive", target=self._receive, daemon=True)
        receiving.start()
        while batch := self.held_jobs.next_batch():
            # Each job goes on to its delivery when its pictures are there, or it has failed.
            try:
                self._drawer.draw(batch, self._submit_delivery)
            except DeviceLostError:
                self._stopping.set()  # so that a message that still comes is given back
                raise
            except Exception as error:  # noqa: BLE001 - the jobs fail, not the worker
                for held in batch:
                    if held.stage is Stage.DRAWING:  # the others go on to their delivery
                        self._submit_delivery(held, error)
        receiving.join()
        if self._stopping.is_set():
            self._stopped.wait()  # until every job that `stop` gives back is in the pool
        self._fetch_pool.shutdown()
        self._prepare_pool.shutdown()
        self._deliver_pool.shutdown()
        if self._receive_error:
            raise self._receive_error

    # Receive: from a message to a held job.

    def _receive(self) -> None:
        try:
            while not self._stopping.is_set():
                seconds = self._preparer.longest_seconds()
                for message in self._receiver.poll(seconds, self._stopping):
                    try:
                        self._hold(message)
                    except Exception as error:  # noqa: BLE001 - it is received again
                        kind = type(error).__name__
                        log.critical("The message could not be accepted", extra={"error": kind})
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            self._receive_error = error
            self.held_jobs.close()

    def _hold(self, message: ReceivedMessage) -> None:
        if self._stopping.is_set():
            # The poll was under way when the signal came; another worker can have the job at once.
            self._outcomes.give_back(message)
            return
        try:
            held = self._receiver.hold(message)
        except InvalidJobError as error:
            self._prepare_pool.submit(self._outcomes.reject_unreadable, message, error)
            return
        with self._work_on(held):
            self.held_jobs.add(held)
            has_source = held.job.parameters.source is not None
            pool = self._fetch_pool if has_source else self._prepare_pool
            pool.submit(self._prepare, held)

    # Prepare: from a held job to one that is ready to be drawn.

    def _prepare(self, held: HeldJob) -> None:
        with self._work_on(held):
            unsent = self._deliverer.unsent_answer(held.job)
            try:
                wanted = self._preparer.prepare(held, to_draw=unsent is None)
            except Exception as error:  # noqa: BLE001 - one bad job never stops the worker
                self._submit_delivery(held, error)
                return
            if not wanted:
                self.held_jobs.remove(held)
            elif unsent:
                self._submit_delivery(held, unsent)
            elif not self.held_jobs.mark_ready(held):
                self._give_back(held)

    # Deliver: from pictures, or the error in their place, to the end of the job.

    def _submit_delivery(self, held: HeldJob, result: Generation | Answer | Exception) -> None:
        held.stage = Stage.DELIVERING
        self._deliver_pool.submit(self._deliver, held, result)

    def _deliver(self, held: HeldJob, result: Generation | Answer | Exception) -> None:
        with self._work_on(held):
            try:
                if isinstance(result, Exception):
                    raise result
                self._preparer.check_begun(held)
                answer = self._deliverer.deliver(held, result)
            except Exception as error:  # noqa: BLE001 - one bad job never stops the worker
                self._outcomes.failed(held, error)
            else:
                pictures, filtered = len(answer.generation.pictures), answer.generation.filtered
                # What the filter holds back was drawn: else prompts that it always holds back
                # would have a GPU draw for nothing.
                self._outcomes.answered(
                    held,
                    pictures=pictures,
                    filtered=filtered,
                    charged_pictures=pictures + filtered,
                    message=answer.message_id,
                )
                self._telemetry.answered(held, answer)
            self.held_jobs.remove(held)

    # Stop: give back the jobs that are not finished.

    def stop(self) -> None:
        """Receive no more; give back jobs that are not begun, or would not be drawn in time."""
        self._stopping.set()
        returned = self.held_jobs.close()
        left = self.held_jobs.drawing_seconds_left()
        if self._stop_timeout - DELIVERY_SECONDS < left < float("inf"):
            # A job on its last receive is drawn on all the same: no other worker would draw it.
            returned += [held for held in self.held_jobs.all(Stage.DRAWING) if not held.last]
        for held in returned:
            self._prepare_pool.submit(self._give_back, held)
        self._stopped.set()

    def give_back(self) -> None:
        """Release all jobs that are still held to other workers: the process is about to end."""
        left = self.held_jobs.all()
        if not left:
            return
        pool = ThreadPoolExecutor(len(left), thread_name_prefix="give-back")
        wait([pool.submit(self._give_back, held) for held in left], _GIVE_BACK_SECONDS)

    def _give_back(self, held: HeldJob) -> None:
        with self._work_on(held):
            log.warning("The job is given back", extra={"stage": held.stage.value})
            held.given_back = True
            held.progress.stop()
            settled = held.progress.settle(_SETTLE_SECONDS)
            held.lease.end()
            delivering = held.stage is Stage.DELIVERING
            grace = _EDIT_GRACE_SECONDS if delivering or not settled else 0
            self._outcomes.give_back(held.message, grace)
            self.held_jobs.remove(held)

    def _end_hung_process(self) -> None:
        self.give_back()
        self._end_process()

    @contextmanager
    def _work_on(self, held: HeldJob) -> Iterator[None]:
        """Log about the job; an unexpected error, of any class, ends its lease and removes the job.

        Another worker receives it when the lease has run out.
        """
        with job_log.about(held.job.id):
            try:
                yield
            except BaseException as error:  # noqa: BLE001 - its text may quote a token
                extra = {"error": type(error).__name__}
                log.critical("Unexpected error: the job is left to the queue", extra=extra)
                held.progress.stop()
                held.lease.end()
                self.held_jobs.remove(held)
