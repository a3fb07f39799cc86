"""Goes through those who wait, oldest first, and tells each what has changed.

Never over a worker's text: a user is told of the wait only after the table has said, in one
conditional write, that no worker has begun the job, and not when one is about to.
"""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore, StoreError
from discord_diffusion.discord import answer_text, text
from discord_diffusion.discord.api_errors import ApiError, InteractionGoneError
from discord_diffusion.discord.notices import NoticeClient
from discord_diffusion.fleet import FleetSize, FleetState
from discord_diffusion.handlers import texts
from discord_diffusion.job_records import JobRecord, JobStatus
from discord_diffusion.waits import Wait, WaitKind, expected_wait, shortest_wait

log = logging.getLogger(__name__)

LIMIT = 1000
"""Records that one run goes through, oldest first."""
RUN_SECONDS = 12.0
"""How long one run goes on telling; the next look is due after 15 s."""
AGAIN = timedelta(seconds=60)
"""After so long a user is told that the estimate has changed."""
SOON = timedelta(seconds=10)
"""After so long, that the wait is of another kind."""
CHANGED = timedelta(seconds=15)
"""A difference of an estimate that is worth an edit."""
EXPIRED = timedelta(seconds=2)
"""With less left of a token than this nobody is told anything."""
LEFT_BEHIND = timedelta(seconds=60)
"""So long after its token's end no worker ends a job any more: what should have, died."""


@dataclass(frozen=True)
class Told:
    """How many users were told what."""

    waits: int
    refusals: int
    ends: int


@dataclass(frozen=True)
class Telling:
    """Tells the users of one deployment. What Discord refuses is logged, never raised."""

    jobs: JobStore
    fleet: FleetStateStore
    discord: NoticeClient
    size: FleetSize

    def tell_all(self, now: datetime) -> Told:
        """Go through those who wait, once.

        Raises:
            StoreError: the table does not say who waits.
        """
        began = time.monotonic()
        state, done, ahead = self.fleet.get(), Counter[str](), 0
        for record in self.jobs.waiting(LIMIT):
            if time.monotonic() - began > RUN_SECONDS:
                log.warning("Not all who wait were told", extra={"ahead": ahead})
                break
            try:
                outcome = self._see_to(record, state, ahead, now)
            except StoreError as error:
                log.warning("Not told", extra={"job": record.id, "reason": str(error)})
                outcome = ""
            done[outcome] += 1
            ahead += outcome not in ("refused", "ended")
        return Told(done["told"], done["refused"], done["ended"])

    def _see_to(self, record: JobRecord, state: FleetState, ahead: int, now: datetime) -> str:
        """Do what one record asks for; what was done."""
        if record.status.finished:
            self._tell_end(record, now)
            return "ended"
        if now - record.expires_at > LEFT_BEHIND:
            log.error("A job was left behind", extra={"job": record.id, "status": record.status})
            self.jobs.finish(record.id, JobStatus.FAILED, reason="left behind")
            return "ended"
        if record.status is not JobStatus.QUEUED:
            return ""
        if not shortest_wait(state, self.size, ahead=ahead, now=now).fits(record.expires_at, now):
            return self._refuse(record, expected_wait(state, self.size, ahead=ahead, now=now), now)
        wait = expected_wait(state, self.size, ahead=ahead, now=now)
        if _about_to_begin(wait, state, self.size) or not _worth_telling(record, wait, now):
            return ""
        return self._tell_wait(record, wait, now)

    def _tell_wait(self, record: JobRecord, wait: Wait, now: datetime) -> str:
        if not self.jobs.told(record.id, now, every_seconds=SOON.total_seconds(), wait=wait):
            return ""
        content = texts.queued(record.parameters, wait, record.expires_at)
        try:
            self._write(record, text.content(content))
        except InteractionGoneError:
            # The message was deleted: nobody waits for pictures any more.
            log.info("Nobody waits any more", extra={"job": record.id})
            self.jobs.withdraw(record.id, JobStatus.CANCELLED, reason="gone")
            return "ended"
        except ApiError as error:
            log.warning("Not told of the wait", extra={"job": record.id, "reason": str(error)})
            return ""
        log.info("Told of the wait", extra={"job": record.id, "kind": wait.kind})
        return "told"

    def _refuse(self, record: JobRecord, wait: Wait, now: datetime) -> str:
        """End a job that is hopeless, unless a worker has just begun it; then tell its user."""
        reason = texts.refused(wait)
        if not self.jobs.withdraw(record.id, JobStatus.REFUSED, reason=reason, untold=True):
            return ""
        log.info("Refused", extra={"job": record.id, "kind": wait.kind, "ahead": wait.ahead})
        self._tell_end(record, now, reason)
        return "refused"

    def _tell_end(self, record: JobRecord, now: datetime, reason: str = "") -> None:
        """Tell the end; a user who could not be told stays among those who wait."""
        if record.expires_at - now > EXPIRED:
            reason = reason or record.details.get("reason", "")
            try:
                self._write(record, answer_text.failed(record.id, record.parameters, reason))
            except InteractionGoneError:
                log.info("Nobody can be told any more", extra={"job": record.id})
            except ApiError as error:
                log.warning("Not told of the end", extra={"job": record.id, "reason": str(error)})
                return
        else:
            log.error("The user could not be told of the end", extra={"job": record.id})
        self.jobs.settle(record.id)

    def _write(self, record: JobRecord, content: str) -> None:
        if record.token:
            self.discord.write(record.application_id, record.token, content)


def _about_to_begin(wait: Wait, state: FleetState, size: FleetSize) -> bool:
    """Whether a worker takes the job any moment: its text comes of itself, and must stay."""
    running = state.look.running if state.look else 0
    return wait.kind is WaitKind.TURN and wait.ahead < running * size.target.jobs_at_once


def _worth_telling(record: JobRecord, wait: Wait, now: datetime) -> bool:
    """Whether the wait has changed enough since its user was told of it."""
    if wait.kind is WaitKind.UNKNOWN:
        return False
    before, since = record.wait, now - (record.told_at or record.created_at)
    if before is None or before.kind is not wait.kind:
        return since >= SOON
    moved = before.due is None or wait.due is None or abs(wait.due - before.due) >= CHANGED
    return since >= AGAIN and (moved or before.ahead != wait.ahead)
