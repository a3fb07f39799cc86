"""One message, from its receipt to its end: the only place that decides what becomes of it.

A message is deleted only after Discord has accepted the answer, or when nobody can be answered.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from discord_diffusion.aws.queue import QueueError, ReceivedMessage
from discord_diffusion.discord.api_errors import ApiError
from discord_diffusion.jobs import InvalidJob, Job
from discord_diffusion.worker import job_log, messages
from discord_diffusion.worker.errors import JobExpiredError, LeaseLostError, WorkerError
from discord_diffusion.worker.failures import Outcome, Rule, rule_for
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.pictures import Generator
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.publisher import PROGRESS_TIMEOUT_SECONDS, Answer, Publisher
from discord_diffusion.worker.queue import Queue

log = logging.getLogger(__name__)

TOKEN_MARGIN = timedelta(seconds=5)
"""A job with less life than this left cannot be answered in time."""

_PROGRESS_PATIENCE_SECONDS = 0.5
"""How long an answer waits for a progress edit that is on its way."""


@dataclass(frozen=True)
class LeaseTerms:
    """The queue's own settings, which the worker has to know."""

    visibility_seconds: int
    max_receive_count: int


class JobRunner:
    """Runs messages, one at a time. Never raises because of a message."""

    def __init__(
        self,
        queue: Queue,
        generator: Generator,
        publisher: Publisher,
        terms: LeaseTerms,
        *,
        on_progress: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._queue = queue
        self._generator = generator
        self._publisher = publisher
        self._terms = terms
        self._on_progress = on_progress
        self._now = now
        self._held: tuple[ReceivedMessage, Lease] | None = None

    def run(self, message: ReceivedMessage) -> None:
        """See a message to its end, or back into the queue."""
        try:
            job = Job.from_json(message.body)
        except InvalidJob as error:
            log.error("Not a job", extra={"message_id": message.message_id, "reason": str(error)})
            self._release(message, rule_for(error).delay_seconds)
            return
        with job_log.about(job.id):
            lease = Lease(
                lambda seconds: self._queue.extend(message.receipt_handle, seconds),
                self._terms.visibility_seconds,
            )
            self._held = message, lease
            try:
                with lease:
                    self._run(message, job, lease)
            finally:
                self._held = None

    def give_back(self) -> None:
        """Release the message that is being worked on, from another thread, before an exit."""
        if held := self._held:
            message, lease = held
            lease.end()
            log.warning("The running job is given back", extra={"message_id": message.message_id})
            self._release(message)

    def _run(self, message: ReceivedMessage, job: Job, lease: Lease) -> None:
        try:
            self._answer(message, job, lease)
        except Exception as error:  # noqa: BLE001 - one bad job never stops the worker
            self._fail(message, job, lease, error)
        else:
            lease.end()
            self._delete(message)

    def _answer(self, message: ReceivedMessage, job: Job, lease: Lease) -> None:
        if job.expires_at - self._now() < TOKEN_MARGIN:
            raise JobExpiredError(f"its token runs out at {job.expires_at:%H:%M:%S} UTC")
        if message.receive_count > 1 and self._publisher.is_answered(job):
            log.info("Answered before", extra={"receive_count": message.receive_count})
            return
        waited = time.time() - message.sent_at
        started = time.perf_counter()
        with Progress(lambda content: self._publisher.show_progress(job, content)) as progress:
            progress.report(messages.working(job))
            generation = self._generator.generate(
                job.parameters, lambda done, steps: self._stepped(progress, job, done, steps)
            )
            progress.stop()
            drawn = time.perf_counter()
            answer = self._publisher.prepare(job, generation)
            encoded = time.perf_counter()
            # On the last receive nobody else would answer: then a doubtful lease is no obstacle.
            if not lease.is_held() and not self._is_last(message):
                raise LeaseLostError("another worker has the job, or will have it")
            self._deliver(answer, progress)
        sent = time.perf_counter()
        seconds = {
            "waited": waited,
            **asdict(generation.seconds),
            "encode": encoded - drawn,
            "publish": sent - encoded,
            "total": sent - started,
        }
        log.info(
            "Answered",
            extra={
                "pictures": len(generation.pictures),
                "filtered": generation.filtered,
                "bytes": sum(len(file.content) for file in answer.files),
                "receive_count": message.receive_count,
                "seconds": {name: round(value, 3) for name, value in seconds.items()},
            },
        )

    def _deliver(self, answer: Answer, progress: Progress) -> None:
        settled = progress.settle(_PROGRESS_PATIENCE_SECONDS)
        self._publisher.send(answer)
        if settled:
            return
        progress.settle(PROGRESS_TIMEOUT_SECONDS)
        try:
            self._publisher.repeat_text(answer)
        except ApiError as error:
            log.warning("The text could not be repeated", extra={"reason": str(error)})

    def _is_last(self, message: ReceivedMessage) -> bool:
        return message.receive_count >= self._terms.max_receive_count

    def _stepped(self, progress: Progress, job: Job, done: int, steps: int) -> None:
        self._on_progress()
        progress.report(messages.working(job, done, steps))

    def _fail(self, message: ReceivedMessage, job: Job, lease: Lease, error: Exception) -> None:
        rule = rule_for(error)
        last = self._is_last(message)
        log.error(
            "The job failed",
            extra={
                "error": type(error).__name__,
                "reason": _describe(error),
                "outcome": rule.outcome.value,
                "receive_count": message.receive_count,
            },
        )
        if rule.outcome is Outcome.ABANDON:
            return
        if rule.outcome is Outcome.FINAL:
            self._tell(job, rule)
            lease.end()
            self._delete(message)
            return
        if last:
            self._tell(job, rule)
        lease.end()
        self._release(message, 0 if last else rule.delay_seconds)

    def _tell(self, job: Job, rule: Rule) -> None:
        if not rule.user_text or job.expires_at <= self._now():
            return
        try:
            if not self._publisher.is_answered(job):
                self._publisher.tell(job, messages.failed(job, rule.user_text))
        except ApiError as error:
            log.error("The user could not be told", extra={"reason": str(error)})

    def _delete(self, message: ReceivedMessage) -> None:
        try:
            self._queue.delete(message.receipt_handle)
        except QueueError as error:
            # Whoever receives it next finds the answer in place and deletes it.
            log.warning("The message was not deleted", extra={"reason": str(error)})

    def _release(self, message: ReceivedMessage, delay_seconds: int = 0) -> None:
        try:
            self._queue.release(message.receipt_handle, delay_seconds)
        except QueueError as error:
            # Its visibility timeout gives it back, only later.
            log.warning("The message was not released", extra={"reason": str(error)})


def _describe(error: Exception) -> str:
    """The text of errors that are known to hold no token; of others only where they arose."""
    if isinstance(error, (WorkerError, ApiError, QueueError)):
        return str(error)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
