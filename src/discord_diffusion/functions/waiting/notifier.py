"""Carries out the actions that are due: notifies users, refuses jobs, fails abandoned ones.

A notice never writes over a worker's text: a user is notified of the wait only after one
conditional write has shown that no worker has begun the job, and not when one is about to.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord.answer_layouts import apology
from discord_diffusion.discord.components import ButtonAction
from discord_diffusion.discord.errors import ApiError, InteractionGoneError, NotAnsweredYetError
from discord_diffusion.discord.layout import Components
from discord_diffusion.discord.original_response import OriginalResponseClient
from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.functions import texts
from discord_diffusion.functions.waiting.confirmation import Confirmation, buttons_of
from discord_diffusion.functions.waiting.due_actions import (
    KIND_NOTICE_INTERVAL,
    Action,
    DueAction,
    due_actions,
    unconfirmed,
)
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate

log = logging.getLogger(__name__)

_NO_TIME = "no time"
_NOTHING = "nothing"

MAX_RECORDS = 1000
"""The most records that one run reads, oldest first."""
THREADS = 8
"""Users who are notified at the same time."""
RUN_SECONDS = 12.0
"""After this time one run begins no further action; the next snapshot is due after 15 s."""
TOKEN_MARGIN = timedelta(seconds=2)
"""A token that expires within this time is not used any more."""
_NEVER_ANSWERED_AFTER = timedelta(seconds=60)
"""An interaction without an original response at this age was never answered."""


@dataclass(frozen=True)
class WaitingNotifier:
    """Notifies the users of one deployment. What Discord refuses is logged, never raised."""

    jobs: JobStore
    confirmation: Confirmation
    fleet: FleetStateStore
    discord: OriginalResponseClient
    settings: FleetSettings

    def run(self, now: datetime) -> Counter[str]:
        """Carry out the due actions on the waiting jobs; returns how often each `Action` was.

        Raises:
            StoreError: the table does not list them.
        """
        records = self.jobs.waiting(MAX_RECORDS)
        return self._carry_out_all(due_actions(records, self.fleet.get(), self.settings, now), now)

    def confirm(self, job_ids: Collection[str], now: datetime) -> Counter[str]:
        """Confirm jobs whose interaction is answered, or never will be, and notify of their ends.

        Raises:
            StoreError: the table does not answer.
        """
        found = [self.jobs.get(job_id) for job_id in job_ids]
        return self._carry_out_all(unconfirmed(record for record in found if record), now)

    def _carry_out_all(self, due: Iterator[DueAction], now: datetime) -> Counter[str]:
        until = time.monotonic() + RUN_SECONDS
        with ThreadPoolExecutor(THREADS) as pool:
            done = Counter(pool.map(lambda action: self._carry_out(action, now, until), due))
        if done[_NO_TIME]:
            log.warning("No time was left for all actions", extra={"left": done[_NO_TIME]})
        return done

    def _carry_out(self, due: DueAction, now: datetime, until: float) -> str:
        """Carry out one action; returns it, or `_NOTHING` if it was not needed any more."""
        if time.monotonic() > until:
            return _NO_TIME
        record, wait = due.record, due.wait
        try:
            match due.action:
                case Action.NOTIFY_OF_WAIT:
                    done = self._notify_of_wait(record, wait, now)
                case Action.CONFIRM:
                    done = self.confirmation.is_confirmed(record, now)
                case Action.NOTIFY_OF_END:
                    done = self._notify_of_end(record, record.details.get("reason", ""), now)
                case Action.REFUSE:
                    done = self._refuse(record, wait, now)
                case Action.FAIL:
                    done = self._fail(record)
        except StoreError as error:
            log.warning("The action failed", extra={"job": record.id, "reason": str(error)})
            return _NOTHING
        return due.action if done else _NOTHING

    def _fail(self, record: JobRecord) -> bool:
        log.error("A job was abandoned", extra={"job": record.id, "status": record.status})
        return self.jobs.finish(record.id, JobStatus.FAILED, reason="left behind")

    def _notify_of_wait(self, record: JobRecord, wait: WaitEstimate, now: datetime) -> bool:
        if not self.confirmation.is_confirmed(record, now):
            return False
        interval = KIND_NOTICE_INTERVAL.total_seconds()
        if not self.jobs.claim_wait_notice(record.id, now, every_seconds=interval, wait=wait):
            return False
        try:
            self._write(record, texts.queued(record, wait))
        except InteractionGoneError:
            self.confirmation.cancel_deleted(record)
            return False
        except ApiError as error:
            extra = {"job": record.id, "reason": str(error)}
            log.warning("The user was not notified of the wait", extra=extra)
            return False
        log.info("The user is notified of the wait", extra={"job": record.id, "kind": wait.kind})
        return True

    def _refuse(self, record: JobRecord, wait: WaitEstimate, now: datetime) -> bool:
        """End a hopeless job, unless a worker has just begun it; then notify its user."""
        reason = texts.reason_to_end(wait, record.locale)
        if not self.jobs.withdraw(record.id, JobStatus.REFUSED, reason=reason, notify_later=True):
            return False
        extra = {"job": record.id, "kind": wait.kind, "ahead": wait.ahead}
        log.info("The job is refused: it could not be finished in time", extra=extra)
        self._notify_of_end(record, reason, now)
        return True

    def _notify_of_end(self, record: JobRecord, reason: str, now: datetime) -> bool:
        """Notify of the end; if Discord does not answer, the job stays in the index."""
        if record.expires_at - now > TOKEN_MARGIN:
            try:
                self._write_end(record, reason)
            except InteractionGoneError:
                log.info("The user's message is gone", extra={"job": record.id})
            except ApiError as error:
                if _was_never_answered(record, error, now):
                    self.jobs.confirm_notified(record.id)
                    return True
                extra = {"job": record.id, "reason": str(error)}
                log.warning("The user was not notified of the end", extra=extra)
                return False
        else:
            extra = {"job": record.id}
            log.error("No notification of the end: the token has expired", extra=extra)
        self.jobs.confirm_notified(record.id)
        return True

    def _write_end(self, record: JobRecord, reason: str) -> None:
        """Write why there are no pictures, unless the user has read so in an answer.

        The function that ended the job may not have answered, or another delivery of the
        interaction before it, whose user reads that the job is queued.
        """
        message = self.discord.read(record.application_id, record.token or "")
        queued = ButtonAction.CANCEL in buttons_of(record.id, message)
        if not queued and (record.status is JobStatus.CANCELLED or not message.edited):
            return
        self._write(record, apology(record.id, record.locale, reason, record.parameters))

    def _write(self, record: JobRecord, components: Components) -> None:
        if record.token:
            self.discord.write(record.application_id, record.token, components)


def _was_never_answered(record: JobRecord, error: ApiError, now: datetime) -> bool:
    age = now - record.created_at
    return isinstance(error, NotAnsweredYetError) and age > _NEVER_ANSWERED_AFTER
