"""One message, from its receipt to its end.

A message is deleted only after Discord has accepted the answer, or when nobody can be answered.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.discord.api_errors import ApiError
from discord_diffusion.jobs import InvalidJob, Job
from discord_diffusion.worker import job_log, messages
from discord_diffusion.worker.endings import HURRY_SECONDS, Endings, LeaseTerms
from discord_diffusion.worker.errors import FailedBeforeError, JobExpiredError, LeaseLostError
from discord_diffusion.worker.failures import rule_for
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.pictures import Generation, GenerationRequest, Generator
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.publisher import PROGRESS_TIMEOUT_SECONDS, Answer, Publisher, Shown
from discord_diffusion.worker.queue import Queue

__all__ = ["JobRunner", "LeaseTerms"]

log = logging.getLogger(__name__)

TOKEN_MARGIN = timedelta(seconds=5)
"""A job with less life than this left cannot be answered in time, but its user can be told."""
_PACE_MARGIN = 1.5
"""By how much a job may take longer than those before it."""

_PROGRESS_PATIENCE_SECONDS = 0.5
"""How long an answer waits for a progress edit that is on its way."""
_HANG_SECONDS = 60.0
"""How long a pipeline may go on, without a step, after its job's time is over."""


@dataclass
class _Held:
    """The message that is being worked on."""

    message: ReceivedMessage
    job: Job
    lease: Lease
    progress: Progress
    last: bool
    """Nobody receives it after us."""
    given_back: bool = False
    drawing: bool = False


@dataclass(frozen=True)
class _Drawn:
    """What is ready to be sent."""

    answer: Answer
    generation: Generation
    encode_seconds: float


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
        on_hang: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._queue = queue
        self._generator = generator
        self._publisher = publisher
        self._terms = terms
        self._on_progress = on_progress
        self._on_hang = on_hang
        self._now = now
        self._endings = Endings(queue, publisher, terms, now)
        self._pace = Pace()
        self._held: _Held | None = None
        self._unsent: _Drawn | None = None

    def run(self, message: ReceivedMessage) -> None:
        """See a message to its end, or back into the queue."""
        try:
            job = Job.from_json(message.body)
        except InvalidJob as error:
            self._endings.unreadable(message, error)
            return
        with job_log.about(job.id):
            held = self._hold(message, job)
            self._held = held
            try:
                with held.lease:
                    self._run(held)
            except Exception as error:  # noqa: BLE001 - while ending a bad job; its text may quote
                log.critical("The job was not ended", extra={"error": type(error).__name__})
            finally:
                self._held = None

    def decline(self, message: ReceivedMessage) -> None:
        """Give back a message on which no work has begun."""
        self._endings.give_back(message)

    def give_back(self) -> None:
        """Release the message that is being worked on, from another thread, before an exit."""
        if held := self._held:
            log.warning(
                "The running job is given back", extra={"message_id": held.message.message_id}
            )
            held.given_back = True
            held.progress.stop()
            held.progress.settle(_PROGRESS_PATIENCE_SECONDS)
            held.lease.end()
            self._endings.give_back(held.message)

    def _hold(self, message: ReceivedMessage, job: Job) -> _Held:
        left = job.expires_at - TOKEN_MARGIN - self._now()
        lease = Lease(
            lambda seconds: self._queue.extend(message.receipt_handle, seconds),
            self._terms.visibility_seconds,
            life_seconds=left.total_seconds(),
            on_overdue=lambda: self._overdue(held),
        )
        progress = Progress(lambda content: self._publisher.show_progress(job, content))
        held = _Held(message, job, lease, progress, self._endings.is_last(message))
        return held

    def _run(self, held: _Held) -> None:
        try:
            self._answer(held)
        except Exception as error:  # noqa: BLE001 - one bad job never stops the worker
            self._endings.failed(held.message, held.job, held.lease, error)
        else:
            held.lease.end()
            self._endings.delete(held.message)

    def _answer(self, held: _Held) -> None:
        job, message = held.job, held.message
        log.info("Leased", extra={"receive_count": message.receive_count})
        self._check_time(job)
        if message.receive_count > 1:
            shown = self._publisher.shown(job)
            if shown is Shown.PICTURES:
                log.info("Answered before", extra={"receive_count": message.receive_count})
                return
            if shown is Shown.FAILURE:
                raise FailedBeforeError("its user knows")
        waited = time.time() - message.sent_at
        started = time.perf_counter()
        with held.progress:
            self._announce(held)
            # Kept until it is sent: what Discord could not take a moment ago is not drawn twice.
            self._unsent = drawn = self._drawn_before(job) or self._draw(held)
            held.progress.stop()
            ready = time.perf_counter()
            self._check_held(held, held.lease.is_held())
            self._deliver(drawn.answer, held.progress)
            self._unsent = None
        sent = time.perf_counter()
        seconds = {
            "waited": waited,
            **asdict(drawn.generation.seconds),
            "encode": drawn.encode_seconds,
            "publish": sent - ready,
            "total": sent - started,
        }
        _log_answer(message, drawn, seconds)

    def _drawn_before(self, job: Job) -> _Drawn | None:
        return self._unsent if self._unsent and self._unsent.answer.job == job else None

    def _draw(self, held: _Held) -> _Drawn:
        job, started = held.job, time.perf_counter()
        log.info("Drawing", extra={"pictures": job.parameters.images})
        held.drawing = True
        [generation] = self._generator.generate(
            [GenerationRequest(job.parameters, job.safety_check)],
            lambda done, steps, _preview: self._stepped(held, done, steps),
        )
        if isinstance(generation, Exception):
            raise generation
        held.drawing = False
        held.progress.stop()
        drawn = time.perf_counter()
        self._pace.learn(job.parameters, drawn - started)
        answer = self._publisher.prepare(job, generation)
        return _Drawn(answer, generation, time.perf_counter() - drawn)

    def _check_time(self, job: Job) -> None:
        """Refuse what cannot be answered in time, while its user can be told."""
        left = job.expires_at - self._now()
        seconds = 0.0 if self._drawn_before(job) else self._pace.estimate(job.parameters)
        needed = timedelta(seconds=_PACE_MARGIN * seconds)
        if left < max(TOKEN_MARGIN, needed):
            raise JobExpiredError(
                f"its token runs out at {job.expires_at:%H:%M:%S} UTC, "
                f"drawing takes {needed.total_seconds():.0f} s"
            )

    def _announce(self, held: _Held) -> None:
        """Say that work begins. Of a last try it is known before it can kill the worker."""
        text = messages.working(held.job, last_try=held.last)
        if not held.last:
            held.progress.report(text)
            return
        try:
            self._publisher.show_progress(held.job, text)
        except ApiError as error:
            log.warning("The last try could not be announced", extra={"reason": str(error)})

    def _stepped(self, held: _Held, done: int, steps: int) -> None:
        self._on_progress()
        self._check_held(held, not held.lease.lost)
        held.progress.report(messages.working(held.job, done, steps, last_try=held.last))

    def _check_held(self, held: _Held, ours: bool) -> None:
        """Stop where another worker answers, or time is over."""
        # On the last receive nobody else would answer: then a doubtful lease is no obstacle.
        if held.given_back or not (ours or held.last):
            held.progress.stop()
            raise LeaseLostError("another worker has the job, or will have it")
        if held.job.expires_at - self._now() < TOKEN_MARGIN:
            held.progress.stop()
            raise JobExpiredError("drawing took too long")

    def _overdue(self, held: _Held) -> None:
        """The job's time is over and it is still being drawn: tell its user, then wait no longer.

        What hangs cannot be ended from within, so the process has to.
        """
        if not held.drawing:
            return
        held.progress.stop()
        held.progress.settle(_PROGRESS_PATIENCE_SECONDS)
        if held.last or not held.lease.lost:
            reason = rule_for(JobExpiredError()).user_text
            self._endings.apologise(held.job, reason, HURRY_SECONDS)
        if not held.lease.wait_for_end(_HANG_SECONDS):
            log.critical("The job hangs", extra={"message_id": held.message.message_id})
            self._on_hang()

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


def _log_answer(message: ReceivedMessage, drawn: _Drawn, seconds: dict[str, float]) -> None:
    log.info(
        "Answered",
        extra={
            "pictures": len(drawn.generation.pictures),
            "filtered": drawn.generation.filtered,
            "bytes": sum(len(file.content) for file in drawn.answer.files),
            "receive_count": message.receive_count,
            "seconds": {name: round(value, 3) for name, value in seconds.items()},
        },
    )
