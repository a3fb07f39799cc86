"""Measures the queue and the service, publishes the metrics and keeps the snapshot in the table."""

import logging
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.ecs import EcsService, ServiceCounts
from discord_diffusion.aws.errors import ServiceError, StoreError
from discord_diffusion.aws.fleet_state import COUNTS, FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.aws.queue import QueueDepth, QueueReader
from discord_diffusion.fleet.demand import Measurement, ScalingTarget, measure
from discord_diffusion.fleet.guard import FleetGuard
from discord_diffusion.fleet.instances import launch_failed_at
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.functions.backlog.fleet_watch import FleetWatch
from discord_diffusion.jobs.record import JobRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MonitorResult:
    """A fleet snapshot, and what follows from it.

    `idle`: another snapshot before the next minute would show the same.
    `notify`: users may have to be notified.
    """

    snapshot: FleetSnapshot
    idle: bool
    notify: bool


@dataclass(frozen=True)
class BacklogMonitor:
    """Monitors one deployment. Errors of the queue, the service and the metrics are raised.

    Errors of the table are logged. While it does not answer nobody knows how many hours are left
    nor which starts failed: no further task is started, and tasks that are there go on. No job can
    come in meanwhile.
    """

    queue: QueueReader
    service: EcsService
    group: InstanceGroup
    watch: FleetWatch
    metrics: Metrics
    fleet: FleetStateStore
    jobs: JobStore
    target: ScalingTarget

    def measure(self, now: datetime, *, backlog_at_least: int = 0) -> MonitorResult:
        """Take one snapshot. `backlog_at_least` counts a job that SQS may not count yet: the call
        is a wake-up, and of the tasks only the surplus is published.

        Raises:
            QueueError: SQS refused.
            ServiceError: ECS or CloudWatch refused.
        """
        snapshot = self._snapshot(now, backlog_at_least)
        oldest = self._oldest_job()
        snapshot, guard = self._kept(snapshot)
        has_job = bool(backlog_at_least) or (oldest is not None and not oldest.status.finished)
        target = self._allowed_target(guard, snapshot, has_job=has_job)
        measured = measure(snapshot.observation, target)
        snapshot = replace(snapshot, wanted=measured.wanted)
        stops = self._stop_tasks(snapshot, target)
        if stops:
            snapshot = replace(snapshot, desired=target.maximum)
        at_rest = snapshot.running == snapshot.desired == target.minimum
        idle = at_rest and snapshot.observation.backlog == 0 and not oldest and guard is not None
        stopped = target.maximum == 0 and self.target.maximum > 0
        troubled = _metrics_of_trouble(guard, stopped=stopped)
        if backlog_at_least:
            # A wake-up sets the desired count itself: the shortfall alarm would start the tasks
            # twice, and the surplus alarm, if an earlier surplus still counts, would stop them.
            self.metrics.publish({"TaskSurplus": measured.surplus})
        # An empty fleet without a job has nothing to publish, and publishing costs.
        elif not idle or snapshot.desired or troubled:
            self.metrics.publish(_metrics(snapshot, measured, oldest, now) | troubled)
        # An instance without a task is checked again soon.
        if guard and not backlog_at_least:
            # A look writes down why nothing starts: users who wait are told of it.
            waits = stopped and snapshot.observation.backlog > 0
            watched = self.watch.watch(snapshot, guard, now, due=stops or waits)
            # At once, before the capacity provider launches anything for tasks that may not start.
            running = max(0, snapshot.running - watched.failing)
            sound = replace(snapshot, running=running)
            allowed = self._allowed_target(watched.guard, sound, has_job=has_job)
            self._stop_tasks(snapshot, allowed)
            idle = idle and not watched.busy
        counts = {name: getattr(snapshot, name) for name in COUNTS}
        log.info("The backlog is measured", extra=counts | asdict(measured) | {"idle": idle})
        overdue = oldest is not None and (oldest.status.finished or oldest.expires_at <= now)
        return MonitorResult(snapshot, idle, notify=snapshot.visible > 0 or overdue)

    def _allowed_target(
        self, guard: FleetGuard | None, snapshot: FleetSnapshot, *, has_job: bool
    ) -> ScalingTarget:
        """The target, with no more tasks than the guard allows; None if it could not be read."""
        if guard is None:
            return self.target.at_most(max(snapshot.desired, snapshot.running))
        allowed = guard.allowed_tasks(
            self.watch.limits,
            self.watch.cap,
            snapshot.measured_at,
            running=snapshot.running,
            has_job=has_job,
        )
        return self.target if allowed is None else self.target.at_most(allowed)

    def _stop_tasks(self, snapshot: FleetSnapshot, target: ScalingTarget) -> bool:
        """Lower the desired count to what the guard allows; whether it was above that."""
        limited = target.maximum < self.target.maximum
        if not limited or snapshot.desired <= target.maximum:
            return False
        extra = {"tasks": target.maximum}
        log.warning("Tasks are stopped: no more may be started", extra=extra)
        self.service.set_desired(target.maximum)
        return True

    def _snapshot(self, now: datetime, backlog_at_least: int) -> FleetSnapshot:
        """Read the queue, then the service; and the queue again before tasks count as surplus.

        In between a job may arrive and wake the fleet. Measured against the earlier backlog, the
        task that was started for it would count as surplus.
        """
        depth, counts = self.queue.depth(), self.service.counts()
        snapshot = _snapshot(depth, counts, now, backlog_at_least)
        measured = measure(snapshot.observation, self.target)
        if measured.surplus:
            snapshot = _snapshot(self.queue.depth(), counts, now, backlog_at_least)
            measured = measure(snapshot.observation, self.target)
        return replace(snapshot, wanted=measured.wanted)

    def _oldest_job(self) -> JobRecord | None:
        """The oldest job whose user has not been notified of its end."""
        try:
            return next(iter(self.jobs.waiting(1)), None)
        except StoreError as error:
            log.warning("The oldest job could not be read", extra={"reason": str(error)})
            return None

    def _kept(self, snapshot: FleetSnapshot) -> tuple[FleetSnapshot, FleetGuard | None]:
        """Save the snapshot; returns it with what earlier ones found, and the guard's state."""
        guard = None
        try:
            snapshot, guard = self.fleet.save_snapshot(snapshot)
            if not snapshot.starting:
                return snapshot, guard
            failed_at = launch_failed_at(self.group.launches(), snapshot.launches_since)
            if failed_at != snapshot.launch_failed_at:
                self.fleet.save_launch_failure(failed_at)
            return replace(snapshot, launch_failed_at=failed_at), guard
        except (StoreError, ServiceError) as error:
            log.warning("The fleet snapshot was not saved completely", extra={"reason": str(error)})
            return snapshot, guard


def _snapshot(
    depth: QueueDepth, counts: ServiceCounts, now: datetime, backlog_at_least: int
) -> FleetSnapshot:
    return FleetSnapshot(
        visible=max(depth.visible, backlog_at_least - depth.in_flight),
        in_flight=depth.in_flight,
        running=counts.running,
        desired=counts.desired,
        wanted=0,
        measured_at=now,
    )


def _metrics_of_trouble(guard: FleetGuard | None, *, stopped: bool) -> dict[str, float]:
    """What the alarms for people look at; nothing while all is well."""
    values: dict[str, float] = {}
    if guard and guard.starts.failures:
        values["FailedStarts"] = guard.starts.failures
    if stopped:
        values["StartsStopped"] = 1
    return values


def _metrics(
    snapshot: FleetSnapshot, measured: Measurement, oldest: JobRecord | None, now: datetime
) -> dict[str, float]:
    values: dict[str, float] = {
        "TaskShortfall": measured.shortfall,
        "TaskSurplus": measured.surplus,
        "TasksWanted": measured.wanted,
        "TasksRunning": snapshot.running,
        "JobsWaiting": snapshot.visible,
    }
    if oldest:
        values["OldestJobSeconds"] = max(0.0, (now - oldest.created_at).total_seconds())
    return values
