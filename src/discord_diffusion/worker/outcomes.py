"""How a job ends at this worker: what happens to its message and record, and what its user reads.

The message of a job that has failed for good is left to the queue's redrive, which keeps it as a
dead letter, after its user was notified. It is deleted if its user cannot be notified any more, or
has sent what can't be used.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from discord_diffusion.aws.errors import QueueError
from discord_diffusion.aws.queue import JobQueue, ReceivedMessage
from discord_diffusion.discord.errors import WITHDRAWN, ApiError
from discord_diffusion.jobs.job import JobHeader, has_newer_schema, read_header
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.logs import error_fields
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker.errors import LeaseLostError, MessageDeletedError, WorkerError
from discord_diffusion.worker.failures import (
    NEWER_JOB_DELAY_SECONDS,
    STOPPED,
    Outcome,
    Rule,
    rule_for,
)
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import LeaseTerms
from discord_diffusion.worker.publisher import MessageState, Publisher
from discord_diffusion.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

HURRY_SECONDS = 2.0
"""Time for each of two calls to Discord when the process is about to end."""
_RECORD_AGAIN_SECONDS = 5
"""After this time the end of a job that the table did not take is recorded again."""
_LAST_EDIT_SECONDS = 3.0
"""How long an apology waits for a progress edit that could overwrite it."""


@dataclass(frozen=True)
class JobOutcomes:
    """Ends jobs and messages. Errors of the queue and of Discord are logged, never raised."""

    queue: JobQueue
    publisher: Publisher
    records: JobRecordWriter
    terms: LeaseTerms
    telemetry: Telemetry

    def answered(self, held: HeldJob, **details: str | float) -> None:
        """Record with `details` that the job is answered, and delete its message.

        If the table does not answer, the message is received again: then the pictures are found.
        Without its end the record would refund a user who has the pictures.
        """
        if self.records.finish(held.job.id, JobStatus.ANSWERED, **details):
            return self.discard(held)
        held.progress.stop()
        held.lease.end()
        return self._release(held.message, _RECORD_AGAIN_SECONDS)

    def discard(self, held: HeldJob) -> None:
        """Delete the message of a job that needs no more work."""
        held.progress.stop()
        held.lease.end()
        try:
            self.queue.delete(held.message.receipt_handle)
        except QueueError as error:
            # The worker that receives it next finds that the job is answered, and deletes it.
            log.warning("The message was not deleted", extra={"reason": str(error)})

    def failed(self, held: HeldJob, error: Exception) -> None:
        """Handle a job that failed, this time or for good, by the rule for its error."""
        held.progress.stop()
        if not (held.last or held.lease.is_held()):
            # The worker may have been frozen: its error says nothing about the job.
            error = LeaseLostError(
                f"another worker has the job; the error here is {type(error).__name__}"
            )
        rule = rule_for(error)
        _log_failure(held.message, error, rule)
        self.telemetry.failed(held, error, rule.outcome)
        if rule.outcome is Outcome.ABANDON:
            held.lease.end()
        elif rule.outcome is Outcome.GONE or held.job.expires_at <= datetime.now(UTC):
            self._end_unanswered(held, error)
        elif rule.outcome in (Outcome.FAILED, Outcome.REFUSED) or held.last:
            held.progress.settle(_LAST_EDIT_SECONDS)
            self._end_with_apology(held, rule)
        else:
            held.lease.end()
            self._release(held.message, rule.delay_seconds)

    def reject_unreadable(self, message: ReceivedMessage, error: InvalidJobError) -> None:
        """Release a message that is no job of this schema; on its last receive notify its user."""
        rule, header = rule_for(error), read_header(message.body)
        _log_failure(message, error, rule)
        self.telemetry.failed(None, error, rule.outcome)
        last = self.terms.is_last_receive(message)
        if last and header:
            self.apologise(header, rule.text)
        newer = has_newer_schema(message.body)
        self._release(message, NEWER_JOB_DELAY_SECONDS if newer and not last else 0)

    def give_back(self, message: ReceivedMessage, delay_seconds: int = 0) -> None:
        """Release a message because the worker stops; on its last receive notify its user."""
        header = read_header(message.body)
        if header and self.terms.is_last_receive(message):
            self.apologise(header, STOPPED, HURRY_SECONDS)
        self._release(message, delay_seconds)

    def apologise(self, to: JobHeader, key: str, timeout_seconds: float | None = None) -> None:
        """Show the user the text with that key as an apology, unless the token has expired."""
        if to.expires_at <= datetime.now(UTC):
            return
        try:
            self._show_apology(to, say(to.locale, key), timeout_seconds)
        except ApiError as error:
            log.error("The user could not be notified", extra={"reason": str(error)})

    def _show_apology(
        self, to: JobHeader, reason: str, timeout_seconds: float | None = None
    ) -> MessageState:
        """Show the apology unless the message has pictures or an apology; returns its state then.

        Raises:
            ApiError: the user could not be notified.
        """
        state = self.publisher.message_state(to, timeout_seconds=timeout_seconds)
        if state is MessageState.PENDING:
            self.publisher.apologise(to, reason, timeout_seconds=timeout_seconds)
            return MessageState.APOLOGY
        return state

    def _end_with_apology(self, held: HeldJob, rule: Rule) -> None:
        """Notify the user, then let go of the message; if that fails, retry the job."""
        delay, job = 0, held.job
        try:
            state = self._show_apology(job, say(job.locale, rule.text))
        except ApiError as error:
            log.error("The user could not be notified", extra={"reason": str(error)})
            second_rule = rule_for(error)
            if second_rule.outcome is Outcome.GONE:
                return self._end_unanswered(held, error)
            delay = 0 if held.last else second_rule.delay_seconds
        else:
            if state is MessageState.PICTURES:  # an upload that seemed to fail had arrived
                return self.answered(held)
            status = JobStatus.CANCELLED if rule.is_cancel else JobStatus.FAILED
            drawn = held.pictures_drawn() if rule.is_cancel else 0
            charged = {"charged_units": rule.charged_units} if rule.charged_units else {}
            ended = self.records.finish(
                job.id, status, reason=rule.text, charged_pictures=drawn, **charged
            )
            if ended and rule.outcome is Outcome.REFUSED:
                return self.discard(held)
        held.lease.end()
        return self._release(held.message, delay)

    def _end_unanswered(self, held: HeldJob, error: Exception) -> None:
        """End a job whose user can't be answered.

        A user who deletes the message, or archives its thread, cancels the job, and pays for what
        was drawn: it would be a way to have a GPU draw for nothing.
        """
        log.error(
            "The user can no longer be answered", extra={"message_id": held.message.message_id}
        )
        drawn = held.pictures_drawn() if _is_deletion(error) else 0
        status = JobStatus.CANCELLED if drawn else JobStatus.FAILED
        self.records.finish(held.job.id, status, reason="gone", charged_pictures=drawn)
        self.discard(held)

    def _release(self, message: ReceivedMessage, delay_seconds: int) -> None:
        """Let other workers receive the message after the delay."""
        try:
            self.queue.release(message.receipt_handle, delay_seconds)
        except QueueError as error:
            # It is received again when its visibility timeout ends.
            log.warning("The message was not released", extra={"reason": str(error)})


def _is_deletion(error: Exception) -> bool:
    """Whether the error means that the message was deleted or withdrawn, which only people do."""
    return isinstance(error, MessageDeletedError) or (
        isinstance(error, ApiError) and error.code in WITHDRAWN
    )


def _log_failure(message: ReceivedMessage, error: Exception, rule: Rule) -> None:
    log.error(
        "The message is no valid job" if isinstance(error, InvalidJobError) else "The job failed",
        extra={
            **error_fields(error),
            "reason": str(error) if _is_known(error) else "",
            "outcome": rule.outcome.value,
            "receive_count": message.receive_count,
            "message_id": message.message_id,
        },
    )


def _is_known(error: Exception) -> bool:
    """Whether the error is of a class whose text never holds a token."""
    return isinstance(error, (InvalidJobError, WorkerError, ApiError, QueueError))
