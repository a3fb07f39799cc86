"""Estimates how long a user will wait, for the first answer and its later edits. Pure.

The wait follows from work, not from the number of jobs: the units ahead, the pace of a task, and
the tasks.
"""

import math
from dataclasses import replace
from datetime import datetime, timedelta

from discord_diffusion.fleet.state import FleetSettings, FleetSnapshot, FleetState
from discord_diffusion.fleet.work import WorkAhead
from discord_diffusion.jobs.record import WaitEstimate, WaitKind

SOON_SECONDS = 10.0
"""Least seconds that a start still takes, even one that should be over by now."""


def expected_wait(
    state: FleetState, settings: FleetSettings, *, ahead: WorkAhead, units: float, now: datetime
) -> WaitEstimate:
    """The wait of a job of `units` behind the work `ahead`, if the fleet stays as it is."""
    return _wait(state, settings, ahead, units, now, at_least=1)


def shortest_wait(
    state: FleetState, settings: FleetSettings, *, ahead: WorkAhead, units: float, now: datetime
) -> WaitEstimate:
    """The wait of the same job if the fleet grows to its maximum at once.

    A job that does not fit even then cannot be answered in time. Where the scaling loop does not
    control the workers, a worker may take the job at once.
    """
    wait = _wait(state, settings, ahead, units, now, at_least=settings.target.maximum)
    if wait.due is None:
        seconds = units * state.seconds_per_unit(settings.target, now)
        return replace(wait, due=now + timedelta(seconds=seconds))
    return wait


def _wait(
    state: FleetState,
    settings: FleetSettings,
    ahead: WorkAhead,
    units: float,
    now: datetime,
    *,
    at_least: int,
) -> WaitEstimate:
    if stop := state.stopped(now):
        until = None if stop.kind is WaitKind.UNKNOWN else stop.until
        return WaitEstimate(stop.kind, ahead.jobs, until)
    snapshot = None if state.is_asleep(now) else state.snapshot
    if settings.paused and not (snapshot and snapshot.running):
        return WaitEstimate(WaitKind.UNKNOWN, ahead.jobs, None)
    kind, until_started = _start(snapshot, settings, now)
    running = snapshot.running if snapshot else 0
    asked_for = max(at_least, snapshot.desired if snapshot else 0)
    pace = state.seconds_per_unit(settings.target, now)
    begins = seconds_until_begun(
        ahead.units * pace,
        own_seconds=ahead.own_units * pace,
        running=running,
        starting=max(0, asked_for - running),
        seconds_until_started=until_started,
    )
    return WaitEstimate(kind, ahead.jobs, now + timedelta(seconds=begins + units * pace))


def _start(
    snapshot: FleetSnapshot | None, settings: FleetSettings, now: datetime
) -> tuple[WaitKind, float]:
    """The cause of the wait, and the seconds until tasks that do not run yet do."""
    total = settings.boot_seconds
    if snapshot is None:
        return WaitKind.ASLEEP, total
    if snapshot.running:
        return WaitKind.TURN, total
    if snapshot.launch_failed_at:
        return WaitKind.NO_CAPACITY, total
    since = snapshot.starting_since or snapshot.measured_at
    elapsed = max(0.0, (now - since).total_seconds())
    return WaitKind.STARTING, max(SOON_SECONDS, total - elapsed)


def seconds_until_begun(
    seconds_ahead: float,
    *,
    own_seconds: float = 0.0,
    running: int,
    starting: int = 0,
    seconds_until_started: float = 0.0,
) -> float:
    """Seconds until a task is free for a job, behind work that the tasks share.

    No task is idle before, so the job begins no later. Jobs that are being drawn count as whole
    jobs: the estimate is too long by what is drawn of them.

    Args:
        seconds_ahead: that one task would take for all work ahead.
        own_seconds: the part of it that is of the same user, which one task at a time draws.
        running: tasks that work now.
        starting: tasks that start; for a sleeping fleet, those that its wake-up asks for.
        seconds_until_started: until they work.

    Returns:
        Seconds; infinity if no task runs or starts.

    Raises:
        ValueError: naming the argument that makes no sense.
    """
    for name, value in locals().items():
        if not value >= 0:
            raise ValueError(f"{name} is {value!r}; it must be at least 0")
    if running + starting == 0:
        return math.inf
    before_start = running * seconds_until_started
    if running and (not starting or seconds_ahead <= before_start):
        shared = seconds_ahead / running
    else:
        left = seconds_ahead - before_start
        shared = seconds_until_started + left / (running + starting)
    own_begins = 0.0 if running else seconds_until_started
    return max(shared, own_begins + own_seconds)
