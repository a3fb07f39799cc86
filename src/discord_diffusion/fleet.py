"""What is known of the fleet: the last look at it, and how fast it works. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from discord_diffusion.scaling import Observation

STALE = timedelta(seconds=90)
"""A look that is older says nothing: the scaling loop looks every minute while there is a job or a
task, and once a minute at least."""


@dataclass(frozen=True)
class FleetLook:
    """One look of the Lambda `backlog` at the queue and the service.

    `wanted` is what it found to be needed. `starting_since` is when tasks were first seen to be
    asked for while none ran, None while some run or none are asked for.
    """

    visible: int
    in_flight: int
    running: int
    desired: int
    wanted: int
    measured_at: datetime
    starting_since: datetime | None = None

    @property
    def observation(self) -> Observation:
        """What the arithmetic of `scaling` takes."""
        pending = max(0, self.desired - self.running)
        return Observation(self.visible, self.in_flight, self.running, pending)

    def is_stale(self, now: datetime) -> bool:
        """Whether it is too old to say anything."""
        return now - self.measured_at > STALE
