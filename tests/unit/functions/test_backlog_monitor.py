"""What the monitor publishes, also when the queue changes while it measures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.ecs import EcsService, ServiceCounts
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.aws.queue import QueueDepth, QueueReader
from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.guard import FleetGuard
from discord_diffusion.fleet.instance_hours import HourCap, InstanceHours
from discord_diffusion.fleet.instances import Launch
from discord_diffusion.fleet.starts import StartHistory, StartLimits
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.fleet.work import Work
from discord_diffusion.functions.backlog.fleet_watch import FleetWatch, WatchResult
from discord_diffusion.functions.backlog.monitor import (
    MAX_RECORDS,
    BacklogMonitor,
    MonitorResult,
)
from discord_diffusion.jobs.job import DISCORD_EPOCH
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = ScalingTarget(
    seconds_per_job=10, jobs_at_once=1, target_wait_seconds=60, minimum=0, maximum=4
)


@dataclass
class Deployment:
    """Every dependency of the monitor. `meanwhile` happens once the queue has answered."""

    jobs: int = 0
    """Messages. Each is of a job that waits, of another user, unless `records` says otherwise."""
    records: list[JobRecord] | None = None
    in_flight: int = 0
    table_fails: bool = False
    limits_of_reads: list[int] = field(default_factory=list)
    desired: int = 0
    running: int = 0
    target: ScalingTarget = TARGET
    meanwhile: Callable[["Deployment"], None] = lambda _: None
    published: dict[str, float] = field(default_factory=dict)
    guard: FleetGuard = field(default_factory=lambda: FleetGuard(InstanceHours(NOW)))
    failing: int = 0
    look_is_due: bool = False
    limits: StartLimits = field(default_factory=StartLimits)
    cap: HourCap = field(default_factory=HourCap)
    no_table: bool = False

    def depth(self) -> QueueDepth:
        found = QueueDepth(visible=self.jobs, in_flight=self.in_flight)
        happens, self.meanwhile = self.meanwhile, lambda _: None
        happens(self)
        return found

    def counts(self) -> ServiceCounts:
        return ServiceCounts(self.desired, self.running)

    def set_desired(self, tasks: int) -> None:
        self.desired = tasks

    def watch(
        self,
        _snapshot: FleetSnapshot,
        guard: FleetGuard,
        _now: datetime,
        *,
        due: bool,
    ) -> WatchResult:
        self.look_is_due = due
        return WatchResult(guard, busy=False, failing=self.failing)

    def publish(self, points: Mapping[str, float]) -> None:
        self.published.update(points)

    def save_snapshot(self, snapshot: FleetSnapshot) -> tuple[FleetSnapshot, FleetGuard]:
        if self.no_table:
            raise StoreError("ThrottlingException")
        return snapshot, self.guard

    def launches(self) -> list[Launch]:
        return []

    def waiting(self, limit: int) -> list[JobRecord]:
        self.limits_of_reads.append(limit)
        if self.table_fails:
            raise StoreError("ConnectTimeoutError")
        if self.records is not None:
            return self.records[:limit]
        return [record(str(number)) for number in range(self.jobs + self.in_flight)][:limit]

    def measure(self, backlog_at_least: int = 0) -> MonitorResult:
        return BacklogMonitor(
            queue=cast(QueueReader, self),
            service=cast(EcsService, self),
            group=cast(InstanceGroup, self),
            watch=cast(FleetWatch, self),
            metrics=cast(Metrics, self),
            fleet=cast(FleetStateStore, self),
            jobs=cast(JobStore, self),
            target=self.target,
        ).measure(NOW, backlog_at_least=backlog_at_least)


def record(user: str, status: JobStatus = JobStatus.QUEUED, units: int = 1) -> JobRecord:
    created = NOW - timedelta(seconds=30) - DISCORD_EPOCH
    return JobRecord(
        id=str(int(created.total_seconds() * 1000) << 22),
        status=status,
        application_id="1",
        user_id=user,
        locale="de",
        parameters=GenerationParameters("a star", 7, 4, 7.5, 64, 64, 1),
        units=units,
    )


def wake_up(deployment: Deployment) -> None:
    """A job comes in, and its wake-up asks for a task."""
    deployment.jobs, deployment.desired = 1, 1


def test_a_task_that_a_wake_up_asks_for_while_the_monitor_measures_is_no_surplus() -> None:
    deployment = Deployment(meanwhile=wake_up)
    found = deployment.measure()
    assert deployment.published["TaskSurplus"] == 0
    assert deployment.published["TaskShortfall"] == 0, "nor asked for twice"
    assert not found.idle
    assert found.snapshot.visible == 1


def test_a_task_without_any_job_is_a_surplus() -> None:
    deployment = Deployment(desired=1, running=1)
    found = deployment.measure()
    assert deployment.published["TaskSurplus"] == 1
    assert not found.idle


def test_jobs_beyond_what_the_tasks_finish_in_time_are_a_shortfall() -> None:
    deployment = Deployment(jobs=13, desired=1, running=1)
    assert deployment.measure().snapshot.wanted == 3
    assert deployment.published["TaskShortfall"] == 2
    assert deployment.published["TaskSurplus"] == 0


def test_tasks_that_draw_jobs_together_are_fewer() -> None:
    target = replace(TARGET, jobs_at_once=4)  # 24 jobs a task
    deployment = Deployment(jobs=49, desired=1, running=1, target=target)
    assert deployment.measure().snapshot.wanted == 3
    assert deployment.published["TaskShortfall"] == 2
    deployment.jobs, deployment.desired = 24, 4
    assert deployment.measure().snapshot.wanted == 1
    assert deployment.published["TaskSurplus"] == 2, "two are kept for the margin"


def test_a_sleeping_fleet_is_short_of_nothing_since_a_wake_up_sets_its_tasks() -> None:
    """A look between a job and its wake-up would start the task a second time."""
    deployment = Deployment(jobs=8)
    found = deployment.measure()
    assert (found.snapshot.desired, found.snapshot.wanted) == (0, 2)
    assert deployment.published["TaskShortfall"] == 0


def test_a_wake_up_publishes_the_surplus_and_no_shortfall() -> None:
    """The alarm of the surplus may still be on since the last task was removed."""
    deployment = Deployment(jobs=1)
    assert deployment.measure(backlog_at_least=1).snapshot.wanted == 1
    assert deployment.published == {"TaskSurplus": 0}


def test_a_sleeping_fleet_without_a_job_publishes_nothing() -> None:
    deployment = Deployment()
    assert deployment.measure().idle
    assert deployment.published == {}


def test_the_jobs_of_one_user_want_one_task() -> None:
    deployment = Deployment(jobs=20, records=[record("ada")] * 20)
    found = deployment.measure().snapshot
    assert (found.wanted, found.work) == (1, Work(20, 1, 20.0))
    assert deployment.published["TasksWanted"] == 1


def test_messages_of_jobs_that_have_ended_are_no_backlog() -> None:
    cancelled = Deployment(jobs=13, records=[record("ada"), record("boris", JobStatus.CANCELLED)])
    found = cancelled.measure()
    assert (found.snapshot.wanted, found.snapshot.work) == (1, Work(1, 1, 1.0))
    assert cancelled.published["JobsWaiting"] == 1
    assert found.notify


def test_a_sleeping_fleet_is_idle_though_messages_of_cancelled_jobs_are_left() -> None:
    deployment = Deployment(jobs=5, records=[])
    found = deployment.measure()
    assert (found.idle, found.notify, found.snapshot.wanted) == (True, False, 0)
    assert deployment.published == {}


def test_a_fleet_whose_worker_holds_a_message_is_not_idle() -> None:
    deployment = Deployment(in_flight=1, records=[])
    assert not deployment.measure().idle


def test_tasks_are_wanted_by_the_units_of_the_jobs() -> None:
    large = Deployment(jobs=4, records=[record(str(user), units=6) for user in range(4)])
    assert large.measure().snapshot.wanted == 4
    small = Deployment(jobs=4, records=[record(str(user)) for user in range(4)])
    assert small.measure().snapshot.wanted == 1


def test_a_job_whose_message_is_gone_is_not_counted() -> None:
    deployment = Deployment(jobs=1, in_flight=1, records=[record("ada"), record("boris")] * 2)
    assert deployment.measure().snapshot.work == Work(2, 2, 2.0)


def test_all_messages_count_as_usual_jobs_while_the_table_does_not_answer() -> None:
    target = replace(TARGET, units_per_job=4)
    deployment = Deployment(jobs=12, in_flight=1, table_fails=True, target=target)
    found = deployment.measure()
    assert (found.snapshot.wanted, found.snapshot.work) == (3, Work(13, 13, 52.0))
    assert not found.idle


def test_a_wake_up_counts_a_job_that_the_index_does_not_show_yet() -> None:
    target = replace(TARGET, units_per_job=4)
    deployment = Deployment(records=[], target=target)
    found = deployment.measure(backlog_at_least=1).snapshot
    assert (found.wanted, found.visible, found.work) == (1, 1, Work(1, 1, 4.0))
    deployment.records, deployment.jobs = [record("ada", units=2)] * 2, 2
    assert deployment.measure(backlog_at_least=1).snapshot.work == Work(2, 1, 4.0)


def test_beyond_the_records_that_are_read_each_message_is_a_job() -> None:
    read = [record(str(user), units=2) for user in range(MAX_RECORDS)]
    found = Deployment(jobs=MAX_RECORDS + 500, records=read).measure().snapshot
    assert found.work == Work(1500, 1000, 3000.0)
    fewer = Deployment(jobs=MAX_RECORDS + 500, records=read[:-1]).measure().snapshot
    assert fewer.work == Work(999, 999, 1998.0)


def test_at_rest_one_record_is_read_and_all_of_them_while_there_are_messages() -> None:
    deployment = Deployment()
    deployment.measure()
    assert deployment.limits_of_reads == [1]
    for changed in ({"jobs": 1}, {"in_flight": 1}):
        busy = Deployment(**changed)  # type: ignore[arg-type]  # counts
        busy.measure()
        assert set(busy.limits_of_reads) == {MAX_RECORDS}


PAUSED = StartHistory(failures=5, pauses=1, paused_until=NOW + timedelta(minutes=5))
TRIAL = StartHistory(failures=5, pauses=1, paused_until=NOW - timedelta(minutes=5))


def guard(starts: StartHistory | None = None, *, hours: float = 0.0) -> FleetGuard:
    counted = InstanceHours(NOW, hours * 3600, hours * 3600)
    return FleetGuard(counted, starts=starts or StartHistory())


def test_in_a_pause_after_failed_starts_no_task_is_wanted_and_people_are_told() -> None:
    deployment = Deployment(jobs=3, desired=1, guard=guard(PAUSED))
    assert deployment.measure().snapshot.wanted == 0
    assert deployment.desired == 0, "the task that waits for an instance is not asked for any more"
    assert deployment.published["TaskShortfall"] == 0
    assert deployment.published["FailedStarts"] == 5
    assert deployment.published["StartsStopped"] == 1
    assert deployment.measure(backlog_at_least=1).snapshot.wanted == 0, "nor does a job wake it"


def test_in_a_pause_after_failed_starts_the_tasks_that_work_go_on() -> None:
    deployment = Deployment(jobs=30, desired=3, running=2, guard=guard(PAUSED))
    assert deployment.measure().snapshot.wanted == 2
    assert deployment.desired == 2
    assert "StartsStopped" not in deployment.published


def test_in_a_pause_the_replacements_of_tasks_that_failed_as_they_started_are_stopped() -> None:
    deployment = Deployment(jobs=30, desired=3, running=3, failing=1, guard=guard(PAUSED))
    deployment.measure()
    assert deployment.desired == 2
    before_the_pause = Deployment(jobs=30, desired=3, running=3, failing=1)
    before_the_pause.measure()
    assert before_the_pause.desired == 3


def test_after_a_pause_one_start_is_tried_for_a_job_and_none_for_a_message_that_is_left() -> None:
    deployment = Deployment(jobs=30, guard=guard(TRIAL), records=[])
    assert deployment.measure(backlog_at_least=1).snapshot.wanted == 1
    assert deployment.measure().snapshot.wanted == 0, "no job waits in the table"
    deployment.records = [record("ada")]
    assert deployment.measure().snapshot.wanted == 1


def test_a_fleet_whose_hours_are_used_up_is_put_to_sleep_even_one_that_is_kept_warm() -> None:
    target = replace(TARGET, minimum=1)
    deployment = Deployment(jobs=3, desired=2, running=2, target=target, guard=guard(hours=24))
    deployment.cap = HourCap(day=24)
    assert deployment.measure().snapshot.wanted == 0
    assert deployment.desired == 0
    assert deployment.published["StartsStopped"] == 1


def test_a_sleeping_fleet_whose_hours_are_used_up_is_looked_at_so_that_users_are_told() -> None:
    deployment = Deployment(jobs=1, guard=guard(hours=24), cap=HourCap(day=24))
    deployment.measure()
    assert deployment.look_is_due
    deployment.jobs = 0
    deployment.measure()
    assert not deployment.look_is_due


def test_while_the_table_does_not_answer_no_further_task_is_started_and_none_is_stopped() -> None:
    """The hours that are left are in the table, and which starts failed."""
    deployment = Deployment(jobs=30, desired=2, running=1, no_table=True)
    assert deployment.measure().snapshot.wanted == 2
    assert deployment.desired == 2
    assert deployment.published["TaskShortfall"] == 0
    asleep = Deployment(jobs=1, no_table=True)
    assert asleep.measure(backlog_at_least=1).snapshot.wanted == 0
    found = asleep.measure()
    assert asleep.published["StartsStopped"] == 1, "people are told"
    assert not found.idle, "another look is due soon"
    asleep.no_table = False
    assert asleep.measure().snapshot.wanted == 1


def test_a_task_that_is_not_needed_any_more_is_a_surplus_though_the_table_does_not_answer() -> None:
    deployment = Deployment(desired=2, running=2, no_table=True)
    deployment.measure()
    assert deployment.published["TaskSurplus"] == 2
