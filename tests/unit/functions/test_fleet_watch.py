"""What the watch ends, releases and keeps in the table; AWS's groups and clusters are in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.aws.ecs import ContainerInstances, EcsService, ServiceCounts
from discord_diffusion.aws.errors import ServiceError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.fleet.instance_hours import HourCap
from discord_diffusion.fleet.instances import ContainerInstance, GroupInstance, GroupState, Launch
from discord_diffusion.fleet.pace import MeasuredPace
from discord_diffusion.fleet.starts import FailedStart, StartHistory, StartLimits
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.functions.backlog.fleet_watch import FleetWatch, WatchResult
from discord_diffusion.functions.backlog.instance_release import InstanceRelease
from discord_diffusion.jobs.record import WaitKind
from tests.operations_page import update_that_forgets_failed_starts
from tests.unit.aws.jobs_table import jobs_table

NOW = datetime(2026, 11, 29, 12, 1, tzinfo=UTC)
LIMITS = StartLimits(failures=2)


@dataclass
class Aws:
    """A group and a cluster. `joined` are instances in the cluster, with connected agents.

    On those of `running` a task runs; `failed` are the tasks that ended as they started.
    """

    launched: dict[str, datetime] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    failed: dict[str, tuple[FailedStart, ...]] = field(default_factory=dict)
    refuses: bool = False
    terminated: list[tuple[str, bool]] = field(default_factory=list)
    undrained: list[str] = field(default_factory=list)
    looks: int = 0
    desired: int = 0
    refused: list[datetime] = field(default_factory=list)
    """When launches failed for the account's quota."""
    service: dict[str, int] = field(default_factory=dict)
    """The service's desired count; of each look's snapshot if it is empty."""

    def state(self) -> GroupState:
        self.looks += 1
        if self.refuses:
            raise ServiceError("Throttling")
        leaving = {one for one, _ in self.terminated}
        found = [GroupInstance(one, one in leaving, one in leaving) for one in self.launched]
        return GroupState(self.desired, tuple(found))

    def counts(self) -> ServiceCounts:
        return ServiceCounts(self.service["desired"], 0)

    def set_desired(self, instances: int) -> None:
        self.desired = instances

    def launches(self) -> list[Launch]:
        refused = [
            Launch(at, None, "You have reached your current vCPU limit") for at in self.refused
        ]
        return [*refused, *(Launch(at, one, None) for one, at in self.launched.items())]

    def in_cluster(self) -> list[ContainerInstance]:
        return [
            ContainerInstance(
                f"arn-{one}",
                one,
                False,
                1,
                int(one in self.running),
                True,
                self.failed.get(one, ()),
            )
            for one in self.joined
        ]

    def terminate(self, ec2_id: str, *, replace: bool = False) -> None:
        self.terminated.append((ec2_id, replace))

    def end_draining(self, ec2_id: str) -> None:
        self.undrained.append(ec2_id)


@dataclass
class Fleet:
    """A watch whose state is in a table."""

    aws: Aws
    store: FleetStateStore
    cap: HourCap = field(default_factory=HourCap)

    def look(
        self, at: datetime, *, desired: int = 1, running: int = 0, due: bool = False
    ) -> WatchResult:
        """Watch as the monitor does, after a snapshot was saved."""
        snapshot = FleetSnapshot(desired, 0, running, desired, desired, at)
        saved, guard = self.store.save_snapshot(snapshot)
        group, cluster = cast(InstanceGroup, self.aws), cast(ContainerInstances, self.aws)
        release = InstanceRelease(cluster, group)
        self.aws.service = {"desired": desired} | self.aws.service
        service = cast(EcsService, self.aws)
        watch = FleetWatch(service, group, cluster, self.store, release, LIMITS, self.cap)
        result = watch.watch(saved, guard, at, due=due)
        self.aws.service = {}
        return result


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with jobs_table() as table:
        yield Fleet(Aws(), FleetStateStore(table))


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_lost_instances_are_ended_replaced_while_starts_may_go_on_and_users_are_told_at_last(
    fleet: Fleet,
) -> None:
    fleet.aws.launched = {"i-1": NOW}
    fleet.look(NOW)
    assert fleet.look(later(10)).busy
    assert fleet.aws.terminated == [("i-1", True)], "a task waits"
    assert fleet.store.get().stop is None
    fleet.aws.launched = {"i-2": later(10.5)}
    fleet.look(later(11))
    fleet.look(later(21))
    assert fleet.aws.terminated[1:] == [("i-2", False)]
    stop = fleet.store.get().stop
    assert stop is not None
    assert (stop.kind, stop.until) == (WaitKind.FAILED_STARTS, later(31))


def test_a_lost_instance_that_ecs_drains_without_end_is_ended_at_the_next_look(
    fleet: Fleet,
) -> None:
    fleet.aws.launched = {"i-1": NOW - timedelta(minutes=11)}
    fleet.look(NOW)
    assert fleet.aws.undrained == []
    result = fleet.look(later(0.25))
    assert fleet.aws.undrained == ["i-1"]
    assert result.guard.starts.failures == 1, "it is counted once"


def test_an_instance_in_the_cluster_is_left_alone_and_counted(fleet: Fleet) -> None:
    fleet.aws.launched, fleet.aws.joined = {"i-1": NOW - timedelta(minutes=2)}, ["i-1"]
    for minute in range(0, 30, 5):
        result = fleet.look(later(minute), running=1)
    assert fleet.aws.terminated == []
    assert result.guard.hours.day_seconds == 27 * 60


def test_an_instance_whose_worker_draws_is_left_alone_while_ecs_is_out_of_reach(
    fleet: Fleet,
) -> None:
    fleet.aws.launched, fleet.aws.joined = {"i-1": NOW}, ["i-1"]
    fleet.look(NOW, running=1)
    fleet.aws.joined = []
    for minute in range(1, 30):
        fleet.store.save_pace(MeasuredPace((), later(minute - 0.5)))
        fleet.look(later(minute), running=1)
    assert fleet.aws.terminated == []
    fleet.look(later(45), running=1)
    assert [ended for ended, _ in fleet.aws.terminated] == ["i-1"], "it draws no more"


def test_the_next_look_after_the_cap_is_told_to_users(fleet: Fleet) -> None:
    fleet.cap = HourCap(day=0.25)
    fleet.aws.launched, fleet.aws.joined = {"i-1": NOW}, ["i-1"]
    for minute in (0, 10, 20):
        fleet.look(later(minute), running=1)
    stop = fleet.store.get().stop
    assert stop is not None
    assert (stop.kind, stop.until) == (
        WaitKind.INSTANCE_HOURS,
        datetime(2026, 11, 30, tzinfo=UTC),
    )


def test_a_cap_that_was_lowered_below_the_hours_used_is_told_at_a_look_that_is_due(
    fleet: Fleet,
) -> None:
    fleet.aws.launched, fleet.aws.joined = {"i-1": NOW - timedelta(hours=1)}, ["i-1"]
    fleet.look(NOW, running=1)
    fleet.aws.launched, fleet.aws.joined = {}, []
    fleet.look(later(1), desired=0)
    fleet.cap = HourCap(day=0.5)
    fleet.look(later(2), desired=0)
    assert fleet.store.get().stop is None
    fleet.look(later(2), desired=0, due=True)
    stop = fleet.store.get().stop
    assert stop is not None
    assert stop.kind is WaitKind.INSTANCE_HOURS


def test_a_look_that_comes_between_another_ones_reading_and_writing_is_not_counted_twice(
    fleet: Fleet,
) -> None:
    fleet.aws.launched, fleet.aws.joined = {"i-1": NOW}, ["i-1"]
    guard = fleet.look(NOW, running=1).guard
    assert fleet.store.save_guard(replace(guard, version=guard.version + 1), None)
    assert not fleet.store.save_guard(replace(guard, version=guard.version + 1), None)


def test_nothing_is_asked_of_aws_at_rest_but_once_in_ten_minutes(fleet: Fleet) -> None:
    for minute in range(20):
        fleet.look(later(minute), desired=0)
    assert fleet.aws.looks == 2


def test_a_group_does_not_go_on_launching_for_tasks_that_are_gone(fleet: Fleet) -> None:
    fleet.aws.desired = 1
    fleet.look(NOW)
    assert fleet.aws.desired == 1, "a task waits"
    fleet.look(later(9), desired=0)
    assert fleet.aws.desired == 0


def test_an_instance_that_starts_while_nothing_is_wanted_any_more_is_ended_at_once(
    fleet: Fleet,
) -> None:
    fleet.aws.launched = {"i-1": NOW}
    fleet.look(NOW)
    assert fleet.look(later(0.25), desired=0).busy
    assert fleet.aws.terminated == [("i-1", False)]


def test_the_launch_of_a_wake_up_that_came_after_the_snapshot_is_left_alone(fleet: Fleet) -> None:
    fleet.aws.launched, fleet.aws.desired = {"i-1": later(9)}, 2
    fleet.aws.service["desired"] = 1
    fleet.look(later(9), desired=0)
    assert fleet.aws.desired == 2
    assert fleet.aws.terminated == []


def test_what_aws_refuses_is_tried_again_at_the_next_look(fleet: Fleet) -> None:
    fleet.aws.launched = {"i-1": NOW - timedelta(minutes=11)}
    fleet.aws.refuses = True
    fleet.look(NOW)
    assert fleet.aws.terminated == []
    fleet.aws.refuses = False
    fleet.look(later(0.25))
    assert fleet.aws.terminated == [("i-1", True)]


def test_a_batch_that_was_drawn_since_ends_the_row_of_failures(fleet: Fleet) -> None:
    fleet.aws.launched = {"i-1": NOW - timedelta(minutes=11)}
    assert fleet.look(NOW).guard.starts.failures == 1
    fleet.aws.launched, fleet.aws.joined = {"i-2": later(1)}, ["i-2"]
    assert fleet.look(later(3), running=0).guard.starts.failures == 1
    fleet.store.save_pace(MeasuredPace((), later(4)))
    assert fleet.look(later(5), running=1).guard.starts.failures == 0


def forget(fleet: Fleet) -> None:
    """What the page for operators says."""
    table = fleet.store._table
    table.client.update_item(**update_that_forgets_failed_starts(table.name))


def test_an_operator_can_let_it_try_at_once(fleet: Fleet) -> None:
    fleet.aws.launched = {"i-1": NOW - timedelta(minutes=11), "i-2": NOW - timedelta(minutes=11)}
    fleet.look(NOW)
    assert fleet.store.get().stop is not None
    forget(fleet)
    assert fleet.store.get().stop is None
    fleet.aws.launched = {}
    assert fleet.look(later(1)).guard.starts == StartHistory(failed_at=NOW)


def test_a_look_on_its_way_does_not_write_back_what_an_operator_made_the_fleet_forget(
    fleet: Fleet,
) -> None:
    fleet.aws.launched = {"i-1": NOW - timedelta(minutes=11), "i-2": NOW - timedelta(minutes=11)}
    fleet.look(NOW)
    _, read = fleet.store.save_snapshot(FleetSnapshot(1, 0, 0, 1, 1, later(1)))
    forget(fleet)
    assert not fleet.store.save_guard(read, None)
    assert fleet.look(later(1), desired=0).guard.starts.failures == 0


def test_failures_that_aws_still_shows_are_not_counted_again_after_an_operator_was_there(
    fleet: Fleet,
) -> None:
    fleet.aws.refused = [later(-1), later(-0.5)]
    assert fleet.look(NOW).guard.starts.failures == 2
    forget(fleet)
    assert fleet.look(later(0.25)).guard.starts.failures == 0


def test_the_replacement_of_a_task_that_failed_as_it_started_is_failing(fleet: Fleet) -> None:
    fleet.aws.launched = {"i-1": NOW, "i-2": NOW}
    fleet.aws.joined, fleet.aws.running = ["i-1", "i-2"], ["i-1", "i-2"]
    fleet.aws.failed = {"i-2": (FailedStart(later(1)),)}
    result = fleet.look(later(2), desired=2, running=2)
    assert (result.guard.starts.failures, result.failing) == (1, 1)
    assert fleet.look(later(3), desired=2, running=2).failing == 0, "it has run since"


def test_jobs_that_end_their_workers_soon_after_the_start_do_not_pause_the_fleet(
    fleet: Fleet,
) -> None:
    """A job may crash the process itself, for example in a driver; others are not affected."""
    fleet.aws.launched, fleet.aws.joined, fleet.aws.running = {"i-1": NOW}, ["i-1"], ["i-1"]
    for minute in range(1, 9, 2):
        fleet.store.worker_is_ready(later(minute + 0.5))
        crashed = FailedStart(ended=later(minute + 0.6), began=later(minute))
        fleet.aws.failed = {"i-1": (*fleet.aws.failed.get("i-1", ()), crashed)}
        result = fleet.look(later(minute + 1), running=1)
        assert (result.guard.starts.failures, result.failing) == (0, 0)
    assert fleet.store.get().stop is None


def test_a_worker_that_ends_before_it_is_ready_has_failed_to_start_though_another_one_was_ready(
    fleet: Fleet,
) -> None:
    fleet.aws.launched = {"i-1": NOW, "i-2": NOW}
    fleet.aws.joined, fleet.aws.running = ["i-1", "i-2"], ["i-1", "i-2"]
    fleet.store.worker_is_ready(later(0.5))
    fleet.aws.failed = {"i-2": (FailedStart(ended=later(1.5), began=later(1)),)}
    result = fleet.look(later(2), desired=2, running=2)
    assert (result.guard.starts.failures, result.failing) == (1, 1)


def test_a_worker_that_is_ready_ends_the_row_of_failures(fleet: Fleet) -> None:
    fleet.aws.launched = {"i-1": NOW - timedelta(minutes=11)}
    assert fleet.look(NOW).guard.starts.failures == 1
    fleet.aws.launched, fleet.aws.joined = {"i-2": later(1)}, ["i-2"]
    fleet.store.worker_is_ready(later(4))
    assert fleet.look(later(4.1)).guard.starts.failures == 0


def test_launches_that_were_refused_before_this_start_are_no_failed_starts(fleet: Fleet) -> None:
    """They were refused while other tasks ran, or before the fleet was watched at all."""
    fleet.aws.refused = [later(-60 - minute) for minute in range(10)]
    result = fleet.look(NOW)
    assert result.guard.starts.failures == 0
    assert fleet.store.get().stop is None


def test_the_first_refused_launch_of_a_start_is_counted(fleet: Fleet) -> None:
    """The wake-up raised the counts up to a minute before the loop's first snapshot shows it."""
    fleet.aws.refused = [later(-1)]
    assert fleet.look(NOW).guard.starts.failures == 1
    fleet.aws.refused = [later(-1), later(5)]
    assert fleet.look(later(6)).guard.starts.failures == 2
