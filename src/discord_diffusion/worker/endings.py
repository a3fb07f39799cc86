"""What becomes of a message: deleted, or back into the queue, and what its user is told.

A job that failed for good is told to its user and left to the queue's redrive, which keeps it as a
dead letter; one that nobody can be answered about any more is deleted.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from discord_diffusion.aws.queue import QueueError, ReceivedMessage
from discord_diffusion.discord import answer_text
from discord_diffusion.discord.api_errors import ApiError
from discord_diffusion.envelope import Addressee, Envelope
from discord_diffusion.jobs import InvalidJob, Job
from discord_diffusion.worker.errors import WorkerError
from discord_diffusion.worker.failures import (
    NEWER_JOB_DELAY_SECONDS,
    STOPPED_TEXT,
    Outcome,
    Rule,
    rule_for,
)
from discord_diffusion.worker.lease import Lease
from discord_diffusion.worker.publisher import Publisher, Shown
from discord_diffusion.worker.queue import Queue

log = logging.getLogger(__name__)

HURRY_SECONDS = 2.0
"""For each of two calls to Discord when the process is about to end."""


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
    terms: LeaseTerms
    now: Callable[[], datetime]

    def is_last(self, message: ReceivedMessage) -> bool:
        """Whether the redrive takes the message when it is released."""
        return message.receive_count >= self.terms.max_receive_count

    def failed(self, message: ReceivedMessage, job: Job, lease: Lease, error: Exception) -> None:
        """A job came to nothing, this time or for good: as the failure table says."""
        rule = rule_for(error)
        _log_failure(message, error, rule)
        if rule.outcome is Outcome.ABANDON:
            return
        if rule.outcome is Outcome.GONE or job.expires_at <= self.now():
            self._drop(message, lease)
        elif rule.outcome is Outcome.FAILED or self.is_last(message):
            self._bury(message, job, lease, rule)
        else:
            lease.end()
            self.release(message, rule.delay_seconds)

    def unreadable(self, message: ReceivedMessage, error: InvalidJob) -> None:
        """A message that is no job, or not one of this schema."""
        rule, envelope = rule_for(error), Envelope.read(message.body)
        _log_failure(message, error, rule)
        last = self.is_last(message)
        if last and envelope.sender:
            self.apologise(envelope.sender, rule.user_text)
        self.release(message, NEWER_JOB_DELAY_SECONDS if envelope.newer and not last else 0)

    def give_back(self, message: ReceivedMessage) -> None:
        """The worker stops: others have the message at once; where none may, its user is told."""
        sender = Envelope.read(message.body).sender
        if sender and self.is_last(message):
            self.apologise(sender, STOPPED_TEXT, HURRY_SECONDS)
        self.release(message)

    def apologise(self, to: Addressee, reason: str, patience: float | None = None) -> None:
        """Tell the user, if that can still be done."""
        if to.expires_at <= self.now():
            return
        try:
            self.tell(to, answer_text.unreadable(to.id, reason), patience)
        except ApiError as error:
            log.error("The user could not be told", extra={"reason": str(error)})

    def tell(self, to: Addressee, content: str, patience: float | None = None) -> Shown:
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

    def _bury(self, message: ReceivedMessage, job: Job, lease: Lease, rule: Rule) -> None:
        """Tell the user, then let the redrive have the message; try again if it can't be told."""
        delay = 0
        try:
            shown = self.tell(job, answer_text.failed(job.id, job.parameters, rule.user_text))
        except ApiError as error:
            log.error("The user could not be told", extra={"reason": str(error)})
            verdict = rule_for(error)
            if verdict.outcome is Outcome.GONE:
                return self._drop(message, lease)
            delay = 0 if self.is_last(message) else verdict.delay_seconds
        else:
            if shown is Shown.PICTURES:  # an upload that seemed to fail had arrived
                lease.end()
                return self.delete(message)
        lease.end()
        return self.release(message, delay)

    def _drop(self, message: ReceivedMessage, lease: Lease) -> None:
        log.error("Nobody can be answered any more", extra={"message_id": message.message_id})
        lease.end()
        self.delete(message)


def _log_failure(message: ReceivedMessage, error: Exception, rule: Rule) -> None:
    log.error(
        "Not a job" if isinstance(error, InvalidJob) else "The job failed",
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
    if isinstance(error, (InvalidJob, WorkerError, ApiError, QueueError)):
        return str(error)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
