"""Does what is due about those who wait: tells, refuses, clears away.

Never over a worker's text: a user is told of the wait only after the table has said, in one
conditional write, that no worker has begun the job, and not when one is about to.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord.components import answer_buttons
from discord_diffusion.discord.errors import ApiError, InteractionGoneError
from discord_diffusion.discord.original_response import OriginalResponseClient
from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.functions import texts
from discord_diffusion.functions.waiting.actions import (
    SOON,
    Deed,
    Due,
    deeds,
)
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.texts.answers import apology_for
from discord_diffusion.texts.formatting import fit_content

log = logging.getLogger(__name__)

_NO_TIME = "no time"

LIMIT = 1000
"""Records that one run goes through, oldest first."""
AT_ONCE = 8
"""Users who are told at the same time."""
RUN_SECONDS = 12.0
"""How long one run goes on telling; the next look is due after 15 s."""
EXPIRED = timedelta(seconds=2)
"""With less left of a token than this nobody is told anything."""


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
    discord: OriginalResponseClient
    size: FleetSettings

    def tell_all(self, now: datetime) -> Told:
        """Go through those who wait, once.

        Raises:
            StoreError: the table does not say who waits.
        """
        until = time.monotonic() + RUN_SECONDS
        due = deeds(self.jobs.waiting(LIMIT), self.fleet.get(), self.size, now)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = Counter(pool.map(lambda one: self._do(one, now, until), due))
        if done[_NO_TIME]:
            log.warning("Not all who wait were told", extra={"left": done[_NO_TIME]})
        return Told(
            waits=done[Deed.TELL_WAIT],
            refusals=done[Deed.REFUSE],
            ends=done[Deed.TELL_END] + done[Deed.CLEAR_AWAY],
        )

    def _do(self, due: Due, now: datetime, until: float) -> str:
        """Do what is due; what has been done, empty if nothing was after all."""
        if time.monotonic() > until:
            return _NO_TIME
        try:
            return due.deed if self._by_deed[due.deed](self, due, now) else ""
        except StoreError as error:
            log.warning("Not told", extra={"job": due.record.id, "reason": str(error)})
            return ""

    def _clear_away(self, due: Due, _now: datetime) -> bool:
        record = due.record
        log.error("A job was left behind", extra={"job": record.id, "status": record.status})
        return self.jobs.finish(record.id, JobStatus.FAILED, reason="left behind")

    def _tell_wait(self, due: Due, now: datetime) -> bool:
        record, wait = due.record, due.wait
        if not self.jobs.claim_wait_notice(
            record.id, now, every_seconds=SOON.total_seconds(), wait=wait
        ):
            return False
        content = texts.queued(record.parameters, wait, record.expires_at, record.locale)
        try:
            self._write(record, fit_content(content))
        except InteractionGoneError:
            # The message was deleted: nobody waits for pictures any more.
            log.info("Nobody waits any more", extra={"job": record.id})
            self.jobs.withdraw(record.id, JobStatus.CANCELLED, reason="gone")
            return False
        except ApiError as error:
            log.warning("Not told of the wait", extra={"job": record.id, "reason": str(error)})
            return False
        log.info("Told of the wait", extra={"job": record.id, "kind": wait.kind})
        return True

    def _refuse(self, due: Due, now: datetime) -> bool:
        """End a job that is hopeless, unless a worker has just begun it; then tell its user."""
        record, wait = due.record, due.wait
        reason = texts.given_up(wait, record.locale)
        if not self.jobs.withdraw(record.id, JobStatus.REFUSED, reason=reason, notify_later=True):
            return False
        log.info("Refused", extra={"job": record.id, "kind": wait.kind, "ahead": wait.ahead})
        self._tell_end(replace(due, record=replace(record, details={"reason": reason})), now)
        return True

    def _tell_end(self, due: Due, now: datetime) -> bool:
        """Tell the end; a user who could not be told stays among those who wait."""
        record = due.record
        if record.expires_at - now > EXPIRED:
            try:
                self._write(record, _ended_text(record), _buttons_of_end(record))
            except InteractionGoneError:
                log.info("Nobody can be told any more", extra={"job": record.id})
            except ApiError as error:
                log.warning("Not told of the end", extra={"job": record.id, "reason": str(error)})
                return False
        else:
            log.error("The user could not be told of the end", extra={"job": record.id})
        self.jobs.confirm_notified(record.id)
        return True

    def _write(
        self, record: JobRecord, content: str, components: list[dict[str, Any]] | None = None
    ) -> None:
        if record.token:
            self.discord.write(record.application_id, record.token, content, components)

    _by_deed: ClassVar[dict[Deed, Callable[["Telling", Due, datetime], bool]]] = {
        Deed.TELL_WAIT: _tell_wait,
        Deed.TELL_END: _tell_end,
        Deed.REFUSE: _refuse,
        Deed.CLEAR_AWAY: _clear_away,
    }


def _ended_text(record: JobRecord) -> str:
    reason = record.details.get("reason", "")
    return apology_for(record.id, record.parameters, reason, record.locale)


def _buttons_of_end(record: JobRecord) -> list[dict[str, Any]]:
    """Nothing waits any more, but it can be asked for again."""
    return answer_buttons(record.id, record.locale, record.parameters, [])
