"""Confirms that a queued job is what its user reads, and that its message is in the queue.

The function `interactions` may have ended between any two of its calls, and an answer of AWS may
have been lost: docs/decisions/0504. What the user reads decides. If it is no answer, or a refusal,
the job is taken back; otherwise its message is sent again, which SQS drops if it was sent before.
"""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from discord_diffusion.aws.errors import QueueError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.queue import DEDUPLICATION_SECONDS, JobSender
from discord_diffusion.discord.components import CustomId
from discord_diffusion.discord.errors import (
    ApiError,
    InteractionGoneError,
    InvalidCustomIdError,
    NotAnsweredYetError,
)
from discord_diffusion.discord.original_response import Message, OriginalResponseClient
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.texts.catalogue import say

log = logging.getLogger(__name__)

_READS, _READ_PAUSE_SECONDS = 8, 0.5
"""How often a message is asked for that Discord does not have yet, and how far apart. A job whose
message shows up later still is taken back, so this is ample."""
_MARGIN_SECONDS = 20
"""A message is sent again only if it arrives before SQS forgets the first one."""


@dataclass(frozen=True)
class Confirmation:
    """Confirms the jobs of one deployment."""

    jobs: JobStore
    queue: JobSender
    discord: OriginalResponseClient

    def is_confirmed(self, record: JobRecord, now: datetime) -> bool:
        """Whether the user reads that the job is queued; then its message is certainly sent.

        If the user reads anything else, the job is taken back.

        Raises:
            StoreError: the table does not answer; the next run tries again.
        """
        job = record.job()
        if record.confirmed or not job:
            return True
        message = self._message(record)
        if message is None:
            return False
        if not buttons_of(record.id, message):
            # A refusal has no buttons, as the progress of a worker, which is an edit.
            if not message.edited:
                self._take_back(record, "the user was told that there is no job")
            return False
        if (now - record.created_at).total_seconds() < DEDUPLICATION_SECONDS - _MARGIN_SECONDS:
            try:
                self.queue.send(job)
            except QueueError as error:
                extra = {"job": record.id, "reason": str(error)}
                log.warning("The message could not be sent again", extra=extra)
                return False
        self.jobs.confirm_queued(record.id)
        return True

    def cancel_deleted(self, record: JobRecord) -> None:
        """Cancel a job whose message was deleted: its user does not want the pictures any more."""
        log.info("The user's message is gone: the job is cancelled", extra={"job": record.id})
        self.jobs.withdraw(record.id, JobStatus.CANCELLED, reason="gone")

    def _message(self, record: JobRecord) -> Message | None:
        """The user's message; None if it cannot be read now, or the job has ended for that."""
        try:
            return self._read(record)
        except InteractionGoneError:
            self.cancel_deleted(record)
        except NotAnsweredYetError:
            # The answer may show up all the same, though late: then its user is notified.
            self._take_back(record, say(record.locale, "failed.before"), notify_later=True)
        except ApiError as error:
            extra = {"job": record.id, "reason": str(error)}
            log.warning("The user's message could not be read", extra=extra)
        return None

    def _read(self, record: JobRecord) -> Message:
        """The user's message, asked for some times: Discord may not have it at once."""
        for _ in range(_READS - 1):
            try:
                return self.discord.read(record.application_id, record.token or "")
            except NotAnsweredYetError:
                time.sleep(_READ_PAUSE_SECONDS)
        return self.discord.read(record.application_id, record.token or "")

    def _take_back(self, record: JobRecord, reason: str, *, notify_later: bool = False) -> None:
        refused = JobStatus.REFUSED
        if self.jobs.withdraw(record.id, refused, reason=reason, notify_later=notify_later):
            extra = {"job": record.id}
            log.warning("A job is taken back: its user was not told of it", extra=extra)


def buttons_of(job_id: str, message: Message) -> set[str]:
    """The actions of the job's buttons under a message."""
    found = set()
    for custom_id in message.custom_ids:
        with suppress(InvalidCustomIdError):
            button = CustomId.decode(custom_id)
            if button.job_id == job_id:
                found.add(button.action)
    return found
