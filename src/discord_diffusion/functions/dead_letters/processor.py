"""Sees dead letters to their end: the user knows, the table knows, the metric counts."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from discord_diffusion.aws.errors import ServiceError, StoreError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.discord.errors import (
    ApiError,
    InteractionGoneError,
    NotAnsweredYetError,
)
from discord_diffusion.discord.original_response import OriginalResponseClient
from discord_diffusion.jobs.job import Job, JobHeader, read_header
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.texts.answers import (
    apology_for,
    apology_without_request,
    is_apology,
    is_picture,
)
from discord_diffusion.texts.catalogue import say

log = logging.getLogger(__name__)

RUN_SECONDS = 20.0
"""How long one run goes on; what is left comes again."""


@dataclass(frozen=True)
class Burying:
    """Buries the dead letters of one deployment."""

    jobs: JobStore
    discord: OriginalResponseClient
    metrics: Metrics

    def bury_all(self, bodies: Mapping[str, str]) -> list[str]:
        """Bury messages by their ids; the ids of those whose users could not be told yet."""
        began, left = time.monotonic(), []
        for message_id, body in bodies.items():
            header = read_header(body)
            if not header:
                log.error("A dead letter that names nobody", extra={"message_id": message_id})
            elif time.monotonic() - began > RUN_SECONDS or not self._is_buried(header, body):
                left.append(message_id)
        self._count(len(bodies) - len(left))
        return left

    def _is_buried(self, header: JobHeader, body: str) -> bool:
        try:
            self._bury(header, body)
        except ApiError as error:
            log.warning("To be told again", extra={"job": header.id, "reason": str(error)})
            return False
        log.error("A dead letter", extra={"job": header.id})
        return True

    def _bury(self, header: JobHeader, body: str) -> None:
        """Tell whoever asked, unless it is known to them already.

        Raises:
            ApiError: Discord does not answer; it may later.
        """
        status = self._status(header.id)
        if status and status.finished:
            return
        if header.expires_at > datetime.now(UTC):
            try:
                answered = self._tell(header, body)
            except (InteractionGoneError, NotAnsweredYetError):
                answered = False
                log.error("Nobody can be told any more", extra={"job": header.id})
        else:
            answered = False
            log.error("It is too late to tell anybody", extra={"job": header.id})
        self._finish(header.id, JobStatus.ANSWERED if answered else JobStatus.FAILED)

    def _tell(self, header: JobHeader, body: str) -> bool:
        """Apologise where neither pictures nor an apology are; whether pictures are there."""
        shown = self.discord.read(header.application_id, header.token)
        if any(is_picture(header.id, name) for name in shown.filenames):
            return True
        if not is_apology(header.id, shown.content):
            content = _apology(header, body)
            self.discord.write(header.application_id, header.token, content, [])
        return False

    def _status(self, job_id: str) -> JobStatus | None:
        try:
            record = self.jobs.get(job_id)
        except StoreError as error:
            log.warning("The table does not know", extra={"job": job_id, "reason": str(error)})
            return None
        return record.status if record else None

    def _finish(self, job_id: str, status: JobStatus) -> None:
        try:
            self.jobs.finish(job_id, status, reason="dead letter")
        except StoreError as error:
            log.warning("The table was not told", extra={"job": job_id, "reason": str(error)})

    def _count(self, letters: int) -> None:
        if not letters:
            return
        try:
            self.metrics.publish({"DeadLetters": letters})
        except ServiceError as error:
            log.warning("Dead letters were not counted", extra={"reason": str(error)})


def _apology(header: JobHeader, body: str) -> str:
    reason = say(header.locale, "failed.before")
    try:
        asked = Job.from_json(body).parameters
    except InvalidJobError:
        return apology_without_request(header.id, reason)
    return apology_for(header.id, asked, reason, header.locale)
