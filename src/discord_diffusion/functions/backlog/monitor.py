"""One look at the queue and the service: measured, published, noted."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from discord_diffusion.aws.ecs_service import EcsService, ServiceCounts
from discord_diffusion.aws.errors import ServiceError, StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.aws.queue import QueueDepth, QueueReader
from discord_diffusion.fleet.demand import Measurement, ScalingTarget, measure
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.functions.backlog.instance_release import Releasing
from discord_diffusion.jobs.record import JobRecord

log = logging.getLogger(__name__)

LAUNCH_MARGIN = timedelta(seconds=30)
"""An instance may have been asked for before anybody saw that tasks are starting."""


@dataclass(frozen=True)
class Found:
    """What a look found.

    `idle`: there is nothing that another look could find before the next minute.
    `tell`: there are users who may have to be told something.
    """

    look: FleetSnapshot
    idle: bool
    tell: bool


@dataclass(frozen=True)
class Looking:
    """Looks at one deployment. What the queue, the service and the metrics refuse is raised;
    what the table refuses is logged, for the fleet must scale without it."""

    queue: QueueReader
    service: EcsService
    releasing: Releasing
    metrics: Metrics
    fleet: FleetStateStore
    jobs: JobStore
    target: ScalingTarget

    def look(self, now: datetime, *, backlog_at_least: int = 0) -> Found:
        """Look once. A job that was just sent may be counted by `backlog_at_least` only; of the
        tasks no more than the surplus is published then.

        Raises:
            QueueError: SQS did not answer well.
            ServiceError: ECS or CloudWatch did not.
        """
        look, measured = self._measured(now, backlog_at_least)
        oldest = self._oldest()
        idle = self._is_idle(look) and not oldest
        if backlog_at_least:
            # A wake-up acts on the answer itself: an alarm that saw the shortfall would ask for
            # the tasks twice. One that still knows the surplus of before would let them go.
            self.metrics.publish({"TaskSurplus": measured.surplus})
        # With no job and no task there is nothing to say, and saying it costs.
        elif not idle or look.desired:
            self.metrics.publish(_points(look, measured, oldest, now))
        look = self._noted(look)
        # An instance without a task is looked at again soon, until it is gone or has one.
        if not backlog_at_least and self.releasing.release(look):
            idle = False
        log.info("Looked", extra=_figures(look, measured) | {"idle": idle})
        overdue = oldest is not None and (oldest.status.finished or oldest.expires_at <= now)
        return Found(look, idle, tell=look.visible > 0 or overdue)

    def _measured(self, now: datetime, backlog_at_least: int) -> tuple[FleetSnapshot, Measurement]:
        """Ask the queue, then the service; and the queue again before tasks are called spare.

        Between two answers a job may come in and wake the fleet: the task that it was given would
        be let go again, were it held against the backlog from before.
        """
        depth, counts = self.queue.depth(), self.service.counts()
        look, measured = self._compared(depth, counts, now, backlog_at_least)
        if measured.surplus:
            look, measured = self._compared(self.queue.depth(), counts, now, backlog_at_least)
        return look, measured

    def _compared(
        self, depth: QueueDepth, counts: ServiceCounts, now: datetime, backlog_at_least: int
    ) -> tuple[FleetSnapshot, Measurement]:
        look = FleetSnapshot(
            visible=max(depth.visible, backlog_at_least - depth.in_flight),
            in_flight=depth.in_flight,
            running=counts.running,
            desired=counts.desired,
            wanted=0,
            measured_at=now,
        )
        measured = measure(look.observation, self.target)
        return replace(look, wanted=measured.wanted), measured

    def _is_idle(self, look: FleetSnapshot) -> bool:
        quiet = look.observation.backlog == 0
        return quiet and look.running == look.desired == self.target.minimum

    def _oldest(self) -> JobRecord | None:
        try:
            return next(iter(self.jobs.waiting(1)), None)
        except StoreError as error:
            log.warning("The table does not say who waits", extra={"reason": str(error)})
            return None

    def _noted(self, look: FleetSnapshot) -> FleetSnapshot:
        """The look with what those before it knew, kept for others."""
        try:
            look = self.fleet.save_snapshot(look)
            if not look.starting:
                return look
            since = (look.starting_since or look.measured_at) - LAUNCH_MARGIN
            failed_at = self.service.launch_failed_at(since)
            if failed_at != look.launch_failed_at:
                self.fleet.save_launch_failure(failed_at)
            return replace(look, launch_failed_at=failed_at)
        except (StoreError, ServiceError) as error:
            log.warning("The look was not kept whole", extra={"reason": str(error)})
            return look


def _points(
    look: FleetSnapshot, measured: Measurement, oldest: JobRecord | None, now: datetime
) -> dict[str, float]:
    points: dict[str, float] = {
        "TaskShortfall": measured.shortfall,
        "TaskSurplus": measured.surplus,
        "TasksWanted": measured.wanted,
        "TasksRunning": look.running,
        "JobsWaiting": look.visible,
    }
    if oldest:
        points["OldestJobSeconds"] = max(0.0, (now - oldest.created_at).total_seconds())
    return points


def _figures(look: FleetSnapshot, measured: Measurement) -> dict[str, int]:
    return {
        "visible": look.visible,
        "in_flight": look.in_flight,
        "running": look.running,
        "desired": look.desired,
        "wanted": measured.wanted,
        "shortfall": measured.shortfall,
        "surplus": measured.surplus,
    }
