"""How long a user will wait, and whether the interaction's token lasts that long."""

import bisect
import math
from dataclasses import dataclass
from datetime import datetime

# A token ends 15 minutes after the interaction:
# https://docs.discord.com/developers/interactions/receiving-and-responding
TOKEN_SECONDS = 900.0


@dataclass(frozen=True)
class Phase:
    """One thing that happens between waking and working: its length, and who says so."""

    name: str
    seconds: float
    source: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.seconds) or self.seconds < 0:
            raise ValueError(f"phase {self.name!r} takes {self.seconds!r} s; allowed is 0 or more")


@dataclass(frozen=True)
class BootPhases:
    """What lies between the first job of a sleeping fleet and a worker that takes it, in order."""

    phases: tuple[Phase, ...]

    @property
    def total_seconds(self) -> float:
        """Seconds from the wake-up to the first worker that receives."""
        return sum(phase.seconds for phase in self.phases)

    def remaining_seconds(self, elapsed_seconds: float) -> float:
        """Seconds still to go `elapsed_seconds` after the wake-up; 0 when it should be over."""
        return min(self.total_seconds, max(0.0, self.total_seconds - elapsed_seconds))

    def current(self, elapsed_seconds: float) -> Phase | None:
        """The phase that runs `elapsed_seconds` after the wake-up; None when all are over."""
        for phase in self.phases:
            if elapsed_seconds < phase.seconds:
                return phase
            elapsed_seconds -= phase.seconds
        return None


def expected_wait_seconds(
    jobs_ahead: int,
    *,
    running: int,
    starting: int = 0,
    seconds_until_started: float = 0.0,
    seconds_per_job: float,
    jobs_at_once: int = 1,
) -> float:
    """Seconds until the pictures of a job with `jobs_ahead` unfinished jobs before it are made.

    `running` tasks work at once; `starting` tasks join `seconds_until_started` later (for a
    sleeping fleet: `running=0`, `starting` the tasks that the wake-up asks for, and the total of
    its boot phases). Each task takes `jobs_at_once` jobs per `seconds_per_job`. Jobs in flight
    count among those ahead, each as a whole job: the estimate errs on the long side by part of
    one. With no task running or starting it is infinite.
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
        """Jobs done when one group ends round `rounds`, and the other is `lead` or `lag` off."""
        early = running * max(0, math.floor(rounds + lead + 1e-9))
        late = starting * max(0, math.floor(rounds - lag + 1e-9))
        return (early + late) * jobs_at_once

    # The job ends when a round of the running tasks ends, or one of the tasks that joined late.
    wanted = range(1, jobs_ahead + 2)
    candidates = []
    if running:
        rounds = bisect.bisect_left(
            wanted, jobs_ahead + 1, key=lambda count: finished(count, rounds_lost, 0)
        )
        candidates.append(wanted[rounds] * seconds_per_job)
    if starting:
        rounds = bisect.bisect_left(
            wanted, jobs_ahead + 1, key=lambda count: finished(count, 0, rounds_lost)
        )
        candidates.append(seconds_until_started + wanted[rounds] * seconds_per_job)
    return min(candidates)


def can_finish_before(
    expires_at: datetime, *, now: datetime, wait_seconds: float, margin_seconds: float = 15.0
) -> bool:
    """Whether a job that takes `wait_seconds` from `now` can still be answered before its token
    ends, with `margin_seconds` for the upload and for being wrong. Both times carry a zone."""
    return (expires_at - now).total_seconds() >= wait_seconds + margin_seconds
