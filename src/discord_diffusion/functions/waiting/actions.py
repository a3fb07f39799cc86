"""What is to be done about each job that waits, decided from what the table says. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from discord_diffusion.fleet.state import FleetSettings, FleetState
from discord_diffusion.fleet.wait_estimate import expected_wait, shortest_wait
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind

AGAIN = timedelta(seconds=60)
"""After so long a user is told that the estimate has changed."""
SOON = timedelta(seconds=10)
"""After so long, that the wait is of another kind."""
CHANGED = timedelta(seconds=15)
"""A difference of an estimate that is worth an edit."""
LEFT_BEHIND = timedelta(seconds=60)
"""So long after its token's end no worker ends a job any more: what should have, died."""


class Deed(StrEnum):
    """One thing that is done about one job."""

    TELL_WAIT = "tell-wait"
    """Its user is told how the wait goes on."""
    TELL_END = "tell-end"
    """It has ended, and its user does not know yet."""
    REFUSE = "refuse"
    """It can no longer be finished in time."""
    CLEAR_AWAY = "clear-away"
    """Whoever should have ended it did not."""


@dataclass(frozen=True)
class Due:
    """A deed that is due."""

    deed: Deed
    record: JobRecord
    wait: WaitEstimate


def deeds(
    records: Iterable[JobRecord], state: FleetState, size: FleetSettings, now: datetime
) -> Iterator[Due]:
    """What is due about jobs that come oldest first; nothing about most of them."""
    ahead = 0
    for record in records:
        wait = expected_wait(state, size, ahead=ahead, now=now)
        deed = _deed(record, wait, state, size, now)
        if deed:
            yield Due(deed, record, wait)
        ahead += deed in (None, Deed.TELL_WAIT)


def _deed(
    record: JobRecord, wait: WaitEstimate, state: FleetState, size: FleetSettings, now: datetime
) -> Deed | None:
    if record.status.finished:
        return Deed.TELL_END
    if now - record.expires_at > LEFT_BEHIND:
        return Deed.CLEAR_AWAY
    if record.status is not JobStatus.QUEUED:
        return None
    shortest = shortest_wait(state, size, ahead=wait.ahead, now=now)
    if not shortest.fits(record.expires_at):
        return Deed.REFUSE
    if _about_to_begin(wait, state, size) or not _worth_telling(record, wait, now):
        return None
    return Deed.TELL_WAIT


def _about_to_begin(wait: WaitEstimate, state: FleetState, size: FleetSettings) -> bool:
    """Whether a worker takes the job any moment: its text comes of itself, and must stay."""
    running = state.snapshot.running if state.snapshot else 0
    return wait.kind is WaitKind.TURN and wait.ahead < running * size.target.jobs_at_once


def _worth_telling(record: JobRecord, wait: WaitEstimate, now: datetime) -> bool:
    """Whether the wait has changed enough since its user was told of it."""
    if wait.kind is WaitKind.UNKNOWN:
        return False
    before, since = record.wait, now - (record.notified_at or record.created_at)
    if before is None or before.kind is not wait.kind:
        return since >= SOON
    moved = before.due is None or wait.due is None or abs(wait.due - before.due) >= CHANGED
    return since >= AGAIN and (moved or before.ahead != wait.ahead)
