"""Measures the work and the service, publishes the metrics and keeps the snapshot in the table.

The queue says cheaply whether there are messages; the records in the table say what they are. A
message may be of a job that was cancelled, and of a user's jobs only one is drawn at a time.
"""

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
from discord_diffusion.fleet.work import Work
from discord_diffusion.functions.backlog.fleet_watch import FleetWatch
from discord_diffusion.jobs.record import JobRecord

log = logging.getLogger(__name__)

MAX_RECORDS = 1000
"""The most records that are read, oldest first, while there are messages; otherwise it is one."""


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
        snapshot, oldest = self._snapshot(now, backlog_at_least)
        snapshot, guard = self._kept(snapshot)
        has_job = bool(backlog_at_least) or (oldest is not None and not oldest.status.finished)
        target = self._allowed_target(guard, snapshot, has_job=has_job)
        measured = measure(snapshot.observation, target)
        snapshot = replace(snapshot, wanted=measured.wanted)
        stops = self._stop_tasks(snapshot, target)
        if stops:
            snapshot = replace(snapshot, desired=target.maximum)
        at_rest = snapshot.running == snapshot.desired == target.minimum
        idle = at_rest and not snapshot.work.jobs and not snapshot.in_flight and not oldest
        idle = idle and guard is not None
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
            waits = stopped and snapshot.work.jobs > 0
            watched = self.watch.watch(snapshot, guard, now, due=stops or waits)
            # At once, before the capacity provider launches anything for tasks that may not start.
            running = max(0, snapshot.running - watched.failing)
            sound = replace(snapshot, running=running)
            allowed = self._allowed_target(watched.guard, sound, has_job=has_job)
            self._stop_tasks(snapshot, allowed)
            idle = idle and not watched.busy
        counts = {name: getattr(snapshot, name) for name in COUNTS} | asdict(snapshot.work)
        log.info("The backlog is measured", extra=counts | asdict(measured) | {"idle": idle})
        # A job may wait in the table alone: it has ended, or its message never reached the queue.
        notify = _jobs_waiting(snapshot) > 0 or oldest is not None
        return MonitorResult(snapshot, idle, notify=notify)

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

    def _snapshot(
        self, now: datetime, backlog_at_least: int
    ) -> tuple[FleetSnapshot, JobRecord | None]:
        """Read the queue, then the service; and the queue again before tasks count as surplus.

        In between a job may arrive and wake the fleet. Measured against the earlier backlog, the
        task that was started for it would count as surplus.

        Returns:
            The snapshot, and the oldest job whose user has not been notified of its end.
        """
        depth, records = self._backlog()
        counts = self.service.counts()
        snapshot = self._measured(depth, records, counts, now, backlog_at_least)
        if measure(snapshot.observation, self.target).surplus:
            depth, records = self._backlog()
            snapshot = self._measured(depth, records, counts, now, backlog_at_least)
        return snapshot, next(iter(records or ()), None)

    def _backlog(self) -> tuple[QueueDepth, list[JobRecord] | None]:
        """The depth of the queue, and the records that wait; None if the table does not answer.

        Reading the records costs money, so only one is read while the queue is empty.
        """
        depth = self.queue.depth()
        limit = MAX_RECORDS if depth.visible + depth.in_flight else 1
        try:
            return depth, self.jobs.waiting(limit)
        except StoreError as error:
            log.warning("The waiting jobs could not be read", extra={"reason": str(error)})
            return depth, None

    def _measured(
        self,
        depth: QueueDepth,
        records: list[JobRecord] | None,
        counts: ServiceCounts,
        now: datetime,
        backlog_at_least: int,
    ) -> FleetSnapshot:
        visible = max(depth.visible, backlog_at_least - depth.in_flight)
        snapshot = FleetSnapshot(
            visible=visible,
            in_flight=depth.in_flight,
            running=counts.running,
            desired=counts.desired,
            wanted=0,
            measured_at=now,
            work=self._work(records, visible + depth.in_flight, backlog_at_least),
        )
        return replace(snapshot, wanted=measure(snapshot.observation, self.target).wanted)

    def _work(self, records: list[JobRecord] | None, messages: int, at_least: int) -> Work:
        """The jobs that have a record and a message; all messages if the table does not answer."""
        if records is None:
            return Work.usual(messages, self.target.units_per_job)
        found = Work.of(records)
        if found.jobs < at_least:
            # The index shows a new record a moment later than the table.
            return Work.usual(at_least, self.target.units_per_job)
        # Beyond what is read, each message counts as a job.
        jobs = messages if len(records) == MAX_RECORDS else min(found.jobs, messages)
        return found.with_jobs(jobs)

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


def _jobs_waiting(snapshot: FleetSnapshot) -> int:
    """Jobs that no worker holds, those that have ended left out."""
    return min(snapshot.visible, snapshot.work.jobs)


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
        # From zero the tasks are set, by a wake-up that may be under way: the alarm would add more.
        "TaskShortfall": measured.shortfall if snapshot.desired else 0,
        "TaskSurplus": measured.surplus,
        "TasksWanted": measured.wanted,
        "TasksRunning": snapshot.running,
        "JobsWaiting": _jobs_waiting(snapshot),
    }
    if oldest:
        values["OldestJobSeconds"] = max(0.0, (now - oldest.created_at).total_seconds())
    return values
