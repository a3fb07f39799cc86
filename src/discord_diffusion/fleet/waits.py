"""How long a user will wait, and why: what the first answer and later edits tell. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from discord_diffusion.fleet.state import FleetLook, FleetSize, FleetState
from discord_diffusion.fleet.wait_estimates import can_finish_before, expected_wait_seconds

SOON_SECONDS = 10.0
"""The least that is left of a start that should be over by now."""


class WaitKind(StrEnum):
    """What a job waits for."""

    TURN = "turn"
    """Other jobs, while workers run."""
    ASLEEP = "asleep"
    """A fleet that is woken for it."""
    STARTING = "starting"
    """Workers that are starting."""
    NO_CAPACITY = "no-capacity"
    """An instance that AWS could not give yet."""
    UNKNOWN = "unknown"
    """Workers that the scaling loop does not move."""


@dataclass(frozen=True)
class Wait:
    """What a user is told: why, after how many others, and when it should be over."""

    kind: WaitKind
    ahead: int
    due: datetime | None

    def fits(self, expires_at: datetime, now: datetime) -> bool:
        """Whether a job that is due then can still be answered before its token ends."""
        if self.due is None:
            return True
        return can_finish_before(expires_at, now=now, wait_seconds=(self.due - now).total_seconds())


def expected_wait(state: FleetState, size: FleetSize, *, ahead: int, now: datetime) -> Wait:
    """The wait of a job with `ahead` unfinished jobs before it, with the tasks there are."""
    return _wait(state, size, ahead, now, at_least=1)


def shortest_wait(state: FleetState, size: FleetSize, *, ahead: int, now: datetime) -> Wait:
    """The same, should the fleet grow to its maximum at once: a job that does not fit is hopeless.

    Where nothing is known of the workers, they may take the job at once.
    """
    wait = _wait(state, size, ahead, now, at_least=size.target.maximum)
    if wait.due is None:
        return replace(wait, due=now + timedelta(seconds=_pace(state, size)))
    return wait


def _wait(state: FleetState, size: FleetSize, ahead: int, now: datetime, *, at_least: int) -> Wait:
    look = None if state.is_asleep(now) else state.look
    if size.paused and not (look and look.running):
        return Wait(WaitKind.UNKNOWN, ahead, None)
    kind, until_started = _start(look, size, now)
    running = look.running if look else 0
    asked_for = max(at_least, look.desired if look else 0)
    seconds = expected_wait_seconds(
        ahead,
        running=running,
        starting=max(0, asked_for - running),
        seconds_until_started=until_started,
        seconds_per_job=_pace(state, size),
        jobs_at_once=size.target.jobs_at_once,
    )
    return Wait(kind, ahead, now + timedelta(seconds=seconds))


def _pace(state: FleetState, size: FleetSize) -> float:
    return state.seconds_per_job or size.target.seconds_per_job


def _start(look: FleetLook | None, size: FleetSize, now: datetime) -> tuple[WaitKind, float]:
    """What is waited for, and the seconds until tasks that do not run yet do."""
    total = size.boot.total_seconds
    if look is None:
        return WaitKind.ASLEEP, total
    if look.running:
        return WaitKind.TURN, total
    if look.launch_failed_at:
        return WaitKind.NO_CAPACITY, total
    since = look.starting_since or look.measured_at
    left = size.boot.remaining_seconds((now - since).total_seconds())
    return WaitKind.STARTING, max(SOON_SECONDS, left)
