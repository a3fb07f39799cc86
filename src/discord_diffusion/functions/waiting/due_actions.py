"""What is to be done about each job in the index of waiting jobs, decided from the table. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from discord_diffusion.fleet.state import FleetSettings, FleetState
from discord_diffusion.fleet.wait_estimate import expected_wait, shortest_wait
from discord_diffusion.fleet.work import Line, WorkAhead, units_of
from discord_diffusion.jobs.job import ANSWERED_AFTER
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind

ESTIMATE_NOTICE_INTERVAL = timedelta(seconds=60)
"""The shortest time before a notice that only the estimate has changed."""
KIND_NOTICE_INTERVAL = timedelta(seconds=10)
"""The shortest time before a notice that the kind of wait has changed."""
ESTIMATE_CHANGE = timedelta(seconds=15)
"""The smallest change of an estimate that is worth a notice."""
LAST_NOTICE = timedelta(seconds=20)
"""A queued job is given up this long before its token expires: the next run, 15 s later, might be
too late to notify its user."""
ABANDONED_AFTER = timedelta(seconds=60)
"""A job that is unfinished this long after its token has expired is abandoned: its worker died."""


class Action(StrEnum):
    """An action on one job."""

    NOTIFY_OF_WAIT = "notify-of-wait"
    """Its user is notified of a changed wait."""
    CONFIRM = "confirm"
    """It is not known yet what its user reads, and whether its message was sent."""
    NOTIFY_OF_END = "notify-of-end"
    """It has ended, and its user has not been notified."""
    REFUSE = "refuse"
    """It can no longer be finished in time."""
    FAIL = "fail"
    """It was abandoned, and is marked as failed."""


@dataclass(frozen=True)
class DueAction:
    """An action that is due for a job, and the wait that is expected now."""

    action: Action
    record: JobRecord
    wait: WaitEstimate


def due_actions(
    records: Iterable[JobRecord], state: FleetState, settings: FleetSettings, now: datetime
) -> Iterator[DueAction]:
    """The actions that are due for jobs, which come oldest first; most jobs need none."""
    line = Line()
    for record in records:
        ahead, units = line.ahead_of(record), units_of(record)
        wait = expected_wait(state, settings, ahead=ahead, units=units, now=now)
        action = _action(record, wait, state, settings, now)
        if action:
            yield DueAction(action, record, wait)
        if not (record.status.finished or action in (Action.REFUSE, Action.FAIL)):
            line.add(record)


def unconfirmed(records: Iterable[JobRecord]) -> Iterator[DueAction]:
    """What is due for jobs whose interaction was just answered, or never will be.

    Nothing is known of the jobs before them: nobody is notified of a wait.
    """
    nothing = WaitEstimate(WaitKind.UNKNOWN, 0, None)
    for record in records:
        if record.status.finished and record.token:
            yield DueAction(Action.NOTIFY_OF_END, record, nothing)
        elif record.status is JobStatus.QUEUED and not record.confirmed:
            yield DueAction(Action.CONFIRM, record, nothing)


def _action(
    record: JobRecord, wait: WaitEstimate, state: FleetState, settings: FleetSettings, now: datetime
) -> Action | None:
    if record.status.finished:
        return Action.NOTIFY_OF_END if now - record.created_at >= ANSWERED_AFTER else None
    if now - record.expires_at > ABANDONED_AFTER:
        return Action.FAIL
    if record.status is not JobStatus.QUEUED:
        return None
    if _is_hopeless(record, wait, state, settings, now):
        return Action.REFUSE
    if not _is_about_to_begin(wait, state, settings) and _is_worth_a_notice(record, wait, now):
        return Action.NOTIFY_OF_WAIT
    if not record.confirmed and now - record.created_at >= ANSWERED_AFTER:
        return Action.CONFIRM
    return None


def _is_hopeless(
    record: JobRecord, wait: WaitEstimate, state: FleetState, settings: FleetSettings, now: datetime
) -> bool:
    """Whether the job cannot be answered any more.

    While a worker runs that is known only at the end: an estimate of the work ahead may be wrong.
    Otherwise a worker has to start first.
    """
    if record.expires_at - now <= LAST_NOTICE:
        return True
    if wait.kind is WaitKind.TURN:
        return False
    alone = shortest_wait(state, settings, ahead=WorkAhead(), units=units_of(record), now=now)
    return not alone.fits(record.expires_at)


def _is_about_to_begin(wait: WaitEstimate, state: FleetState, settings: FleetSettings) -> bool:
    """Whether a worker takes the job any moment: a notice could write over the worker's text."""
    running = state.snapshot.running if state.snapshot else 0
    return wait.kind is WaitKind.TURN and wait.ahead < running * settings.target.jobs_at_once


def _is_worth_a_notice(record: JobRecord, wait: WaitEstimate, now: datetime) -> bool:
    """Whether the wait has changed enough since its user was last notified."""
    if wait.kind is WaitKind.UNKNOWN:
        return False
    before, since = record.wait, now - (record.notified_at or record.created_at)
    if before is None or before.kind is not wait.kind:
        return since >= KIND_NOTICE_INTERVAL
    moved = before.due is None or wait.due is None or abs(wait.due - before.due) >= ESTIMATE_CHANGE
    return since >= ESTIMATE_NOTICE_INTERVAL and (moved or before.ahead != wait.ahead)
