"""Estimates how long a user will wait, for the first answer and its later edits. Pure."""

import bisect
import math
from dataclasses import replace
from datetime import datetime, timedelta

from discord_diffusion.fleet.state import FleetSettings, FleetSnapshot, FleetState
from discord_diffusion.jobs.record import WaitEstimate, WaitKind

SOON_SECONDS = 10.0
"""Least seconds that a start still takes, even one that should be over by now."""


def expected_wait(
    state: FleetState, settings: FleetSettings, *, ahead: int, now: datetime
) -> WaitEstimate:
    """The wait of a job with `ahead` unfinished jobs before it, if the fleet stays as it is."""
    return _wait(state, settings, ahead, now, at_least=1)


def shortest_wait(
    state: FleetState, settings: FleetSettings, *, ahead: int, now: datetime
) -> WaitEstimate:
    """The wait of the same job if the fleet grows to its maximum at once.

    A job that does not fit even then cannot be answered in time. Where the scaling loop does not
    control the workers, a worker may take the job at once.
    """
    wait = _wait(state, settings, ahead, now, at_least=settings.target.maximum)
    if wait.due is None:
        return replace(wait, due=now + timedelta(seconds=_pace(state, settings)))
    return wait


def _wait(
    state: FleetState, settings: FleetSettings, ahead: int, now: datetime, *, at_least: int
) -> WaitEstimate:
    if stop := state.stopped(now):
        until = None if stop.kind is WaitKind.UNKNOWN else stop.until
        return WaitEstimate(stop.kind, ahead, until)
    snapshot = None if state.is_asleep(now) else state.snapshot
    if settings.paused and not (snapshot and snapshot.running):
        return WaitEstimate(WaitKind.UNKNOWN, ahead, None)
    kind, until_started = _start(snapshot, settings, now)
    running = snapshot.running if snapshot else 0
    asked_for = max(at_least, snapshot.desired if snapshot else 0)
    seconds = expected_wait_seconds(
        ahead,
        running=running,
        starting=max(0, asked_for - running),
        seconds_until_started=until_started,
        seconds_per_job=_pace(state, settings),
        jobs_at_once=settings.target.jobs_at_once,
    )
    return WaitEstimate(kind, ahead, now + timedelta(seconds=seconds))


def _pace(state: FleetState, settings: FleetSettings) -> float:
    return state.seconds_per_job or settings.target.seconds_per_job


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


def expected_wait_seconds(
    jobs_ahead: int,
    *,
    running: int,
    starting: int = 0,
    seconds_until_started: float = 0.0,
    seconds_per_job: float,
    jobs_at_once: int = 1,
) -> float:
    """Seconds until the pictures of a job with `jobs_ahead` unfinished jobs before it are drawn.

    Jobs in flight count as whole jobs, so the estimate is too long by a part of one.

    Args:
        jobs_ahead: unfinished jobs before this one, those in flight included.
        running: tasks that work now.
        starting: tasks that start; for a sleeping fleet, those that its wake-up asks for.
        seconds_until_started: until they work.
        seconds_per_job: in which a task draws `jobs_at_once` jobs together.
        jobs_at_once: jobs that a task draws together.

    Returns:
        Seconds; infinity if no task runs or starts.

    Raises:
        ValueError: naming the argument that makes no sense.
    """
    if jobs_ahead < 0 or running < 0 or starting < 0:
        raise ValueError(
            f"jobs_ahead={jobs_ahead}, running={running}, starting={starting}: none may be below 0"
        )
    if seconds_per_job <= 0 or jobs_at_once < 1 or seconds_until_started < 0:
        raise ValueError(
            f"seconds_per_job={seconds_per_job}, jobs_at_once={jobs_at_once}, "
            f"seconds_until_started={seconds_until_started}: a job takes time, a task takes a job"
        )
    if running + starting == 0:
        return math.inf
    rounds_lost = seconds_until_started / seconds_per_job

    def finished(rounds: int, lag: float, lead: float) -> int:
        """Jobs done when one group of tasks ends a round.

        `lead`: rounds that the running tasks are ahead; `lag`: rounds that the others are behind.
        """
        early = running * math.floor(rounds + lead + 1e-9)
        late = starting * max(0, math.floor(rounds - lag + 1e-9))
        return (early + late) * jobs_at_once

    def end(start: float, lag: float, lead: float) -> float:
        """Seconds until the job ends with a round of the tasks that work from `start` on."""
        counts = range(1, jobs_ahead + 2)
        found = bisect.bisect_left(counts, jobs_ahead + 1, key=lambda n: finished(n, lag, lead))
        return start + counts[found] * seconds_per_job

    # The job ends when a round of the running tasks ends, or a round of those that started later.
    ends = [end(0.0, rounds_lost, 0.0)] if running else []
    return min([*ends, end(seconds_until_started, 0.0, rounds_lost)])
