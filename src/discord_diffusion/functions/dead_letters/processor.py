"""Ends jobs whose messages are dead letters: notifies the user, marks the job failed, counts it."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from discord_diffusion.aws.errors import ServiceError, StoreError, UnknownJobError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.discord.answer_layouts import apology
from discord_diffusion.discord.errors import ApiError, InteractionGoneError, NotAnsweredYetError
from discord_diffusion.discord.layout import Components
from discord_diffusion.discord.original_response import OriginalResponseClient
from discord_diffusion.jobs.job import Job, JobHeader, read_header
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.texts.answers import is_apology, is_picture
from discord_diffusion.texts.catalogue import say

log = logging.getLogger(__name__)

RUN_SECONDS = 20.0
"""After this time one run begins no further message; SQS delivers the others again."""


@dataclass(frozen=True)
class DeadLetterProcessor:
    """Processes the dead letters of one deployment."""

    jobs: JobStore
    discord: OriginalResponseClient
    metrics: Metrics

    def process(self, bodies: Mapping[str, str]) -> list[str]:
        """Process message bodies by id; returns the ids whose users could not be notified yet."""
        started, unprocessed = time.monotonic(), []
        for message_id, body in bodies.items():
            header = read_header(body)
            if not header:
                log.error("A dead letter names no user", extra={"message_id": message_id})
            elif time.monotonic() - started > RUN_SECONDS or not self._is_processed(header, body):
                unprocessed.append(message_id)
        if processed := len(bodies) - len(unprocessed):
            try:
                self.metrics.publish({"DeadLetters": processed})
            except ServiceError as error:
                log.warning("The dead letters could not be counted", extra={"reason": str(error)})
        return unprocessed

    def _is_processed(self, header: JobHeader, body: str) -> bool:
        try:
            if not self._is_ended(header, body):
                return False
        except ApiError as error:
            extra = {"job": header.id, "reason": str(error)}
            log.warning("The user will be notified later", extra=extra)
            return False
        log.error("A dead letter was processed", extra={"job": header.id})
        return True

    def _is_ended(self, header: JobHeader, body: str) -> bool:
        """Notify the user and end the job, unless it has ended; False if the table did not answer.

        Raises:
            ApiError: Discord does not answer now; a later call may succeed.
        """
        status = self._status(header.id)
        if status and status.finished:
            return True
        answered = False
        if header.expires_at > datetime.now(UTC):
            try:
                answered = self._notify(header, body)
            except (InteractionGoneError, NotAnsweredYetError):
                log.error("No notification: the user's message is gone", extra={"job": header.id})
        else:
            log.error("No notification: the token has expired", extra={"job": header.id})
        return self._finish(header.id, JobStatus.ANSWERED if answered else JobStatus.FAILED)

    def _notify(self, header: JobHeader, body: str) -> bool:
        """Apologise unless the message has pictures or an apology; returns if it has pictures."""
        message = self.discord.read(header.application_id, header.token)
        if any(is_picture(header.id, name) for name in message.filenames):
            return True
        if not is_apology(header.id, message.text):
            components = _apology(header, body)
            self.discord.write(header.application_id, header.token, components)
        return False

    def _status(self, job_id: str) -> JobStatus | None:
        try:
            record = self.jobs.get(job_id)
        except StoreError as error:
            extra = {"job": job_id, "reason": str(error)}
            log.warning("The job record could not be read", extra=extra)
            return None
        return record.status if record else None

    def _finish(self, job_id: str, status: JobStatus) -> bool:
        try:
            self.jobs.finish(job_id, status, reason="dead letter")
        except UnknownJobError:
            log.warning("The job has no record", extra={"job": job_id})
        except StoreError as error:
            extra = {"job": job_id, "reason": str(error)}
            log.warning("The job record could not be ended", extra=extra)
            return False
        return True


def _apology(header: JobHeader, body: str) -> Components:
    reason = say(header.locale, "failed.before")
    try:
        parameters = Job.from_json(body).parameters
    except InvalidJobError:
        parameters = None
    return apology(header.id, header.locale, reason, parameters)
