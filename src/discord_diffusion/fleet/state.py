"""What is known of the fleet: the last look at it, and how fast it works. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from discord_diffusion.fleet.demand import Observation, ScalingTarget
from discord_diffusion.fleet.wait_estimates import BootPhases

STALE = timedelta(seconds=90)
"""A look that is older says nothing: the scaling loop looks once a minute at least."""


@dataclass(frozen=True)
class FleetSize:
    """What a fleet is sized for, and what lies between a job and a worker that takes it."""

    target: ScalingTarget
    boot: BootPhases

    @property
    def paused(self) -> bool:
        """Whether no task may be started at all."""
        return self.target.maximum == 0


@dataclass(frozen=True)
class FleetLook:
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

    look: FleetLook | None = None
    seconds_per_job: float | None = None
    """What a task takes for as many jobs as it draws together, as the workers measured it."""

    def is_asleep(self, now: datetime) -> bool:
        """Whether nobody would take a job: no task is asked for, as far as is known."""
        return self.look is None or self.look.is_stale(now) or self.look.desired == 0
