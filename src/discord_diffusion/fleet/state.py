"""The fleet as the functions know it: its settings, its last snapshot, and its pace. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from discord_diffusion.fleet.demand import Observation, ScalingTarget
from discord_diffusion.fleet.pace import CONFIGURED_JOBS, MeasuredPace, seconds_per_unit
from discord_diffusion.fleet.work import Work
from discord_diffusion.jobs.record import WaitKind

STALE = timedelta(seconds=90)
"""Age at which a snapshot is ignored: the scaling loop takes one at least once a minute."""
LAUNCH_MARGIN = timedelta(seconds=90)
"""Instances may have been launched this long before a snapshot shows that tasks are starting: a
wake-up takes its own before it raises the counts, and the scaling loop's next one is due within a
minute."""


@dataclass(frozen=True)
class FleetSettings:
    """The wait that a fleet is sized for, and the time that it takes to start.

    `boot_seconds` is the time from the wake-up of a sleeping fleet to its first worker that
    receives jobs.
    """

    target: ScalingTarget
    boot_seconds: float

    @property
    def paused(self) -> bool:
        """Whether the deployment may start no task."""
        return self.target.maximum == 0


@dataclass(frozen=True)
class FleetSnapshot:
    """The queue and the ECS service as the Lambda `backlog` last found them.

    `visible` and `in_flight` count messages, also those of jobs that were cancelled; `work` is what
    is still to be drawn. `wanted` is the number of tasks that it needed. `starting_since` is when
    the desired count was first above 0 while no task ran; `launch_failed_at` is when AWS last had
    no instance for these tasks. Both are None once a task runs, or the desired count is 0.
    """

    visible: int
    in_flight: int
    running: int
    desired: int
    wanted: int
    measured_at: datetime
    starting_since: datetime | None = None
    launch_failed_at: datetime | None = None
    work: Work = field(default_factory=Work)

    @property
    def observation(self) -> Observation:
        """The numbers that a scaling decision is made from."""
        return Observation(self.work, self.in_flight, self.running, self.pending)

    @property
    def pending(self) -> int:
        """Tasks that are desired and do not run yet."""
        return max(0, self.desired - self.running)

    @property
    def messages(self) -> int:
        """All messages of the queue."""
        return self.visible + self.in_flight

    @property
    def starting(self) -> bool:
        """Whether tasks are desired and none runs yet."""
        return self.desired > 0 and self.running == 0

    @property
    def launches_since(self) -> datetime:
        """Launches before that time were not made for the tasks that start now."""
        return (self.starting_since or self.measured_at) - LAUNCH_MARGIN

    def is_stale(self, now: datetime) -> bool:
        """Whether the snapshot is too old to be used."""
        return now - self.measured_at > STALE


@dataclass(frozen=True)
class Stop:
    """Why the fleet may start no task, and until when."""

    kind: WaitKind
    until: datetime


@dataclass(frozen=True)
class FleetState:
    """The fleet as the table has it; None until it is first written."""

    snapshot: FleetSnapshot | None = None
    pace: MeasuredPace | None = None
    stop: Stop | None = None
    """Why the fleet may start no task, as the last look found."""

    def stopped(self, now: datetime) -> Stop | None:
        """Why a new job can't be drawn now: no task may be started, and none is waited for."""
        stop = self.stop if self.stop and now < self.stop.until else None
        running = self.snapshot.running if self.snapshot and not self.snapshot.is_stale(now) else 0
        if stop and stop.kind is WaitKind.FAILED_STARTS and running:
            return None
        return stop

    def seconds_per_unit(self, target: ScalingTarget, now: datetime) -> float:
        """The pace of one task: as configured, until workers have measured enough."""
        pace = self.pace if self.pace and not self.pace.is_forgotten(now) else None
        return seconds_per_unit(
            pace.batches if pace else (),
            configured=target.seconds_per_unit,
            configured_units=CONFIGURED_JOBS * target.units_per_job,
        )

    def is_asleep(self, now: datetime) -> bool:
        """Whether no task is desired, as far as is known, so that no worker will take a job."""
        return self.snapshot is None or self.snapshot.is_stale(now) or self.snapshot.desired == 0
