"""What is known of the fleet: its settings, its last snapshot, and how fast it works. Pure."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from discord_diffusion.fleet.demand import Observation, ScalingTarget

STALE = timedelta(seconds=90)
"""An older snapshot says nothing: the scaling loop takes one at least once a minute."""


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


@dataclass(frozen=True)
class FleetSettings:
    """What a fleet is sized for, and what lies between a job and a worker that takes it."""

    target: ScalingTarget
    boot: BootPhases

    @property
    def paused(self) -> bool:
        """Whether no task may be started at all."""
        return self.target.maximum == 0


@dataclass(frozen=True)
class FleetSnapshot:
    """One look of the Lambda `backlog` at the queue and the service.

    `wanted` is what it found to be needed. `starting_since` is when tasks were first seen to be
    asked for while none ran; `launch_failed_at` is when AWS last had no instance for them. Both
    are None once a task runs, or none is asked for.
    """

    visible: int
    in_flight: int
    running: int
    desired: int
    wanted: int
    measured_at: datetime
    starting_since: datetime | None = None
    launch_failed_at: datetime | None = None

    @property
    def observation(self) -> Observation:
        """What the arithmetic of `scaling` takes."""
        pending = max(0, self.desired - self.running)
        return Observation(self.visible, self.in_flight, self.running, pending)

    @property
    def starting(self) -> bool:
        """Whether tasks are asked for and none runs yet."""
        return self.desired > 0 and self.running == 0

    def is_stale(self, now: datetime) -> bool:
        """Whether it is too old to say anything."""
        return now - self.measured_at > STALE


@dataclass(frozen=True)
class FleetState:
    """What the table knows of the fleet; None is what nobody has noted yet."""

    snapshot: FleetSnapshot | None = None
    seconds_per_job: float | None = None
    """What a task takes for as many jobs as it draws together, as the workers measured it."""

    def is_asleep(self, now: datetime) -> bool:
        """Whether nobody would take a job: no task is asked for, as far as is known."""
        return self.snapshot is None or self.snapshot.is_stale(now) or self.snapshot.desired == 0
