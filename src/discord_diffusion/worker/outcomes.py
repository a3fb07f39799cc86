"""What becomes of a message: deleted, or back into the queue, and what its user is told.

A job that failed for good is told to its user and left to the queue's redrive, which keeps it as a
dead letter; one that nobody can be answered about any more is deleted.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from discord_diffusion.aws.errors import QueueError
from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.discord import answer_text
from discord_diffusion.discord.api_errors import ApiError
from discord_diffusion.jobs.job import JobHeader, has_newer_schema, read_header
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker.checks import utc_now
from discord_diffusion.worker.errors import LeaseLostError, WorkerError
from discord_diffusion.worker.failures import (
    NEWER_JOB_DELAY_SECONDS,
    STOPPED,
    Outcome,
    Rule,
    rule_for,
)
from discord_diffusion.worker.held import Held
from discord_diffusion.worker.publisher import Publisher, Shown
from discord_diffusion.worker.queue import Queue
from discord_diffusion.worker.records import Records

log = logging.getLogger(__name__)

OnFailure = Callable[[Held | None, Exception, Outcome], None]
"""Is told of each failure; the job is None where a message was none."""

HURRY_SECONDS = 2.0
"""For each of two calls to Discord when the process is about to end."""
_LAST_EDIT_SECONDS = 3.0
"""How long an apology waits for a progress edit that could write over it."""


@dataclass(frozen=True)
class LeaseTerms:
    """The queue's own settings, which the worker has to know."""

    visibility_seconds: int
    max_receive_count: int


@dataclass(frozen=True)
class Endings:
    """Ends messages. What the queue or Discord refuses is logged, never raised."""

    queue: Queue
    publisher: Publisher
    records: Records
    terms: LeaseTerms
    on_failure: OnFailure = lambda _held, _error, _outcome: None
    now: Callable[[], datetime] = utc_now

    def is_last(self, message: ReceivedMessage) -> bool:
        """Whether the redrive takes the message when it is released."""
        return message.receive_count >= self.terms.max_receive_count

    def answered(self, held: Held, **details: str | float) -> None:
        """The user has the pictures; `details` are kept with the record."""
        self.records.finish(held.job.id, JobStatus.ANSWERED, **details)
        self.drop(held)

    def drop(self, held: Held) -> None:
        """Nothing more is to be done about a job."""
        held.progress.stop()
        held.lease.end()
        self.delete(held.message)

    def failed(self, held: Held, error: Exception) -> None:
        """A job came to nothing, this time or for good: as the failure table says."""
        held.progress.stop()
        if not (held.last or held.lease.is_held()):
            # What a worker finds that was frozen for a while says nothing about the job.
            error = LeaseLostError(f"another worker has the job; here: {type(error).__name__}")
        rule = rule_for(error)
        _log_failure(held.message, error, rule)
        self.on_failure(held, error, rule.outcome)
        if rule.outcome is Outcome.ABANDON:
            held.lease.end()
        elif rule.outcome is Outcome.GONE or held.job.expires_at <= self.now():
            self._gone(held)
        elif rule.outcome is Outcome.FAILED or held.last:
            held.progress.settle(_LAST_EDIT_SECONDS)
            self._bury(held, rule)
        else:
            held.lease.end()
            self.release(held.message, rule.delay_seconds)

    def unreadable(self, message: ReceivedMessage, error: InvalidJobError) -> None:
        """A message that is no job, or not one of this schema."""
        rule, header = rule_for(error), read_header(message.body)
        _log_failure(message, error, rule)
        self.on_failure(None, error, rule.outcome)
        last = self.is_last(message)
        if last and header:
            self.apologise(header, rule.text)
        newer = has_newer_schema(message.body)
        self.release(message, NEWER_JOB_DELAY_SECONDS if newer and not last else 0)

    def give_back(self, message: ReceivedMessage, delay_seconds: int = 0) -> None:
        """The worker stops: others have the message; where none may, its user is told."""
        header = read_header(message.body)
        if header and self.is_last(message):
            self.apologise(header, STOPPED, HURRY_SECONDS)
        self.release(message, delay_seconds)

    def apologise(self, to: JobHeader, key: str, patience: float | None = None) -> None:
        """Tell the user the text of that key, if that can still be done."""
        if to.expires_at <= self.now():
            return
        try:
            reason = say(to.locale, key)
            self.tell(to, answer_text.unreadable(to.id, reason), patience)
        except ApiError as error:
            log.error("The user could not be told", extra={"reason": str(error)})

    def tell(self, to: JobHeader, content: str, patience: float | None = None) -> Shown:
        """Apologise, unless pictures or an apology are there; what the user sees then.

        Raises:
            ApiError: the user could not be told. The only method that raises.
        """
        shown = self.publisher.shown(to, patience=patience)
        if shown is Shown.PENDING:
            self.publisher.tell(to, content, patience=patience)
            return Shown.FAILURE
        return shown

    def delete(self, message: ReceivedMessage) -> None:
        """Take the message out of the queue."""
        try:
            self.queue.delete(message.receipt_handle)
        except QueueError as error:
            # Whoever receives it next finds the answer in place and deletes it.
            log.warning("The message was not deleted", extra={"reason": str(error)})

    def release(self, message: ReceivedMessage, delay_seconds: int = 0) -> None:
        """Let others receive the message after the delay."""
        try:
            self.queue.release(message.receipt_handle, delay_seconds)
        except QueueError as error:
            # Its visibility timeout gives it back, only later.
            log.warning("The message was not released", extra={"reason": str(error)})

    def _bury(self, held: Held, rule: Rule) -> None:
        """Tell the user, then let the redrive have the message; try again if it can't be told."""
        delay, job = 0, held.job
        reason = say(job.locale, rule.text)
        apology = answer_text.failed(job.id, job.parameters, reason, job.locale)
        try:
            shown = self.tell(job, apology)
        except ApiError as error:
            log.error("The user could not be told", extra={"reason": str(error)})
            verdict = rule_for(error)
            if verdict.outcome is Outcome.GONE:
                return self._gone(held)
            delay = 0 if held.last else verdict.delay_seconds
        else:
            if shown is Shown.PICTURES:  # an upload that seemed to fail had arrived
                return self.answered(held)
            self.records.finish(job.id, JobStatus.FAILED, reason=rule.text, charged_pictures=0)
        held.lease.end()
        return self.release(held.message, delay)

    def _gone(self, held: Held) -> None:
        log.error("Nobody can be answered any more", extra={"message_id": held.message.message_id})
        self.records.finish(held.job.id, JobStatus.FAILED, reason="gone", charged_pictures=0)
        self.drop(held)


def _log_failure(message: ReceivedMessage, error: Exception, rule: Rule) -> None:
    log.error(
        "Not a job" if isinstance(error, InvalidJobError) else "The job failed",
        extra={
            "error": type(error).__name__,
            "reason": _describe(error),
            "outcome": rule.outcome.value,
            "receive_count": message.receive_count,
            "message_id": message.message_id,
        },
    )


def _describe(error: Exception) -> str:
    """The text of errors that are known to hold no token; of others only where they arose."""
    if isinstance(error, (InvalidJobError, WorkerError, ApiError, QueueError)):
        return str(error)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
