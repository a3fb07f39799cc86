"""What one look at the instances reads, ends and reports; AWS and the table are in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from discord_diffusion.aws.ecs import ServiceCounts
from discord_diffusion.aws.errors import ServiceError, StoreError
from discord_diffusion.fleet.guard import FleetGuard, WatchedInstance
from discord_diffusion.fleet.instance_hours import HourCap, InstanceHours
from discord_diffusion.fleet.instances import ContainerInstance, GroupInstance, GroupState, Launch
from discord_diffusion.fleet.starts import FailedStart, StartHistory, StartLimits
from discord_diffusion.fleet.state import LAUNCH_MARGIN, FleetSnapshot, Stop
from discord_diffusion.functions.backlog.fleet_watch import FleetWatch, WatchResult
from discord_diffusion.jobs.record import WaitKind

NOW = datetime(2026, 11, 29, 12, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
LIMITS = StartLimits(failures=2)
CLEAN = FleetGuard(InstanceHours(NOW))
FAILED = FleetGuard(InstanceHours(NOW), starts=StartHistory(failures=1, failed_at=LONG_AGO))
QUOTA = "You have reached your current vCPU limit"
SHORTAGE = "We currently do not have sufficient capacity"


def watched(*names: str, absent_since: datetime | None = None) -> FleetGuard:
    """A guard that knows these instances."""
    known = {name: WatchedInstance(NOW, absent_since) for name in names}
    return FleetGuard(InstanceHours(NOW), known)


def present(*names: str, leaving: bool = False, drains: bool = False) -> tuple[GroupInstance, ...]:
    return tuple(GroupInstance(name, leaving, drains) for name in names)


def joined(name: str, **changed: Any) -> ContainerInstance:
    return ContainerInstance(f"arn-{name}", name, draining=False, tasks=1, **changed)


@dataclass
class Deployment:
    """Every dependency of the watch: answers, and what was asked in order.

    `refuses` names the calls that AWS or the table refuses.
    """

    instances: tuple[GroupInstance, ...] = ()
    group_desired: int = 0
    cluster: Sequence[ContainerInstance] = ()
    recent: Sequence[Launch] = ()
    service_desired: int | None = None
    drew: datetime | None = None
    ready: datetime | None = None
    empty: int = 0
    saves: bool = True
    refuses: tuple[str, ...] = ()
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    saved: tuple[FleetGuard, Stop | None] | None = None
    released_for: FleetSnapshot | None = None

    def _ask(self, name: str, *words: Any, error: type[Exception] = ServiceError) -> None:
        self.asked.append((name, *words))
        if name in self.refuses:
            raise error("Throttling")

    def state(self) -> GroupState:
        self._ask("state")
        return GroupState(self.group_desired, self.instances)

    def launches(self) -> Sequence[Launch]:
        self._ask("launches")
        return self.recent

    def set_desired(self, instances: int) -> None:
        self._ask("set_desired", instances)

    def terminate(self, ec2_id: str, *, replace: bool) -> None:
        self._ask("terminate", ec2_id, replace)

    def end_draining(self, ec2_id: str) -> None:
        self._ask("end_draining", ec2_id)

    def in_cluster(self) -> list[ContainerInstance]:
        return list(self.cluster)

    def counts(self) -> ServiceCounts:
        self._ask("counts")
        return ServiceCounts(self.service_desired or 0, 0)

    def drew_at(self) -> datetime | None:
        self._ask("drew_at", error=StoreError)
        return self.drew

    def ready_at(self) -> datetime | None:
        self._ask("ready_at", error=StoreError)
        return self.ready

    def save_guard(self, guard: FleetGuard, stop: Stop | None) -> bool:
        self.saved = (guard, stop)
        self._ask("save_guard", error=StoreError)
        return self.saves

    def release(self, kept: Sequence[ContainerInstance], snapshot: FleetSnapshot) -> int:
        self.released_for = snapshot
        self._ask("release", *(one.ec2_id for one in kept))
        return self.empty

    def look(
        self,
        *counts: int,
        guard: FleetGuard = CLEAN,
        at: datetime = NOW,
        due: bool | None = None,
        cap: HourCap | None = None,
    ) -> WatchResult:
        """One look, where so many tasks are wanted, desired and running."""
        wanted, desired, running = counts
        if self.service_desired is None:
            self.service_desired = desired
        me = cast(Any, self)
        watch = FleetWatch(me, me, me, me, me, LIMITS, cap or HourCap())
        words: Any = {} if due is None else {"due": due}
        return watch.watch(FleetSnapshot(0, 0, running, desired, wanted, at), guard, at, **words)

    def ended(self) -> list[tuple[Any, ...]]:
        """What was ended, in order."""
        names = ("terminate", "end_draining", "set_desired")
        return [call for call in self.asked if call[0] in names]


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_look_is_made_while_a_task_is_wanted_desired_or_running(
    counts: tuple[int, int, int],
) -> None:
    aws = Deployment()
    aws.look(*counts)
    assert ("state",) in aws.asked


@pytest.mark.parametrize("guard", [watched("i-1"), FAILED])
def test_a_look_is_made_while_an_instance_is_known_or_a_start_has_failed(guard: FleetGuard) -> None:
    aws = Deployment()
    aws.look(0, 0, 0, guard=guard)
    assert ("state",) in aws.asked


def test_at_rest_a_look_is_made_each_ten_minutes_or_if_it_is_due() -> None:
    aws = Deployment()
    assert aws.look(0, 0, 0) == WatchResult(CLEAN, busy=False)
    assert aws.asked == []
    aws.look(0, 0, 0, due=True)
    aws.look(0, 0, 0, at=NOW.replace(minute=10))
    aws.look(0, 0, 0, at=NOW.replace(minute=15))
    assert aws.asked.count(("state",)) == 2


@pytest.mark.parametrize("call", ["state", "drew_at"])
def test_after_a_refused_reading_another_look_is_due_only_if_there_are_instances(call: str) -> None:
    guard = watched("i-1", absent_since=LONG_AGO)
    refused = Deployment(present("i-1"), refuses=(call,))
    assert refused.look(1, 1, 0, guard=guard) == WatchResult(guard, busy=True)
    assert Deployment(refuses=("state",)).look(1, 1, 0) == WatchResult(CLEAN, busy=False)
    assert refused.ended() == []


@pytest.mark.parametrize(("saves", "refuses"), [(False, ()), (True, ("save_guard",))])
def test_a_look_whose_findings_are_not_saved_does_nothing(
    saves: bool, refuses: tuple[str, ...]
) -> None:
    guard = watched("i-1", absent_since=LONG_AGO)
    aws = Deployment(present("i-1"), saves=saves, refuses=refuses)
    assert aws.look(1, 1, 0, guard=guard) == WatchResult(guard, busy=True)
    assert aws.ended() == []
    assert not [call for call in aws.asked if call[0] == "release"]


def test_a_look_that_finds_nothing_new_saves_nothing() -> None:
    aws = Deployment()
    assert aws.look(1, 1, 0) == WatchResult(CLEAN, busy=False)
    assert ("save_guard",) not in aws.asked


def test_launches_are_read_only_for_a_new_instance_or_a_start() -> None:
    running = Deployment(present("i-1"), cluster=[joined("i-1")])
    running.look(1, 1, 1, guard=watched("i-1"))
    assert ("launches",) not in running.asked
    running.look(1, 1, 1)
    starting = Deployment(present("i-1"), cluster=[joined("i-1")])
    starting.look(1, 1, 0, guard=watched("i-1"))
    assert running.asked.count(("launches",)) == starting.asked.count(("launches",)) == 1


def test_the_table_is_asked_when_a_worker_drew_or_was_ready_only_where_it_matters() -> None:
    def asked(aws: Deployment, guard: FleetGuard) -> list[str]:
        aws.look(1, 1, 1, guard=guard)
        return [name for name, *_ in aws.asked if name in ("drew_at", "ready_at")]

    crashed = joined("i-1", failed_starts=(FailedStart(NOW),))
    assert asked(Deployment(cluster=[joined("i-1")]), CLEAN) == []
    assert asked(Deployment(cluster=[crashed]), CLEAN) == ["ready_at"]
    assert asked(Deployment(cluster=[joined("i-1")]), FAILED) == ["drew_at", "ready_at"]


@pytest.mark.parametrize(
    ("launch", "failures"),
    [
        (Launch(NOW - LAUNCH_MARGIN, None, QUOTA), 1),
        (Launch(NOW - LAUNCH_MARGIN - timedelta(microseconds=1), None, QUOTA), 0),
        (Launch(NOW, None, SHORTAGE), 0),
        (Launch(NOW, "i-1", None), 0),
    ],
)
def test_a_launch_for_this_start_that_is_refused_and_no_shortage_is_a_failed_start(
    launch: Launch, failures: int
) -> None:
    assert Deployment(recent=[launch]).look(1, 1, 0).guard.starts.failures == failures


def test_tasks_beside_one_that_failed_as_it_started_are_failing() -> None:
    crashed = joined("i-1", running=2, failed_starts=(FailedStart(NOW, LONG_AGO),))
    aws = Deployment(present("i-1", "i-2"), cluster=[crashed, joined("i-2", running=3)])
    result = aws.look(5, 5, 5, guard=watched("i-1", "i-2"))
    assert (result.failing, result.guard.starts.failures) == (2, 1)
    aws.ready = LONG_AGO
    result = aws.look(5, 5, 5, guard=watched("i-1", "i-2"))
    assert (result.failing, result.guard.starts.failures) == (0, 0), "its worker was ready"


def test_an_instance_counts_from_its_launch_and_is_absent_without_a_connected_agent() -> None:
    launched = [Launch(NOW - timedelta(seconds=45), "i-1", None)]
    cluster = [joined("i-1", connected=True), joined("i-2", connected=False)]
    aws = Deployment(present("i-1", "i-2"), cluster=cluster, recent=launched)
    found = aws.look(2, 2, 2).guard
    assert found.hours.day_seconds == 45
    assert {name: one.absent_since for name, one in found.instances.items()} == {
        "i-1": None,
        "i-2": NOW,
    }


@pytest.mark.parametrize(
    ("counts", "works"),
    [((1, 1, 1), True), ((1, 2, 2), True), ((2, 2, 1), False), ((0, 0, 0), False)],
)
def test_the_fleet_works_while_as_many_tasks_run_as_are_wanted(
    counts: tuple[int, int, int], works: bool
) -> None:
    found = Deployment().look(*counts, guard=FAILED).guard
    assert found.starts.works_since == (NOW if works else None)


@pytest.mark.parametrize(
    ("counts", "failures", "cap", "replaced"),
    [
        ((1, 1, 0), 0, HourCap(), True),
        ((1, 1, 1), 0, HourCap(), False),
        ((1, 1, 0), 1, HourCap(), False),
        ((1, 1, 0), 0, HourCap(day=0.001), False),
    ],
    ids=["a task waits", "no task waits", "too many starts have failed", "no hours are left"],
)
def test_a_lost_instance_is_ended_and_replaced_while_a_task_may_start(
    counts: tuple[int, int, int], failures: int, cap: HourCap, replaced: bool
) -> None:
    known = {
        "i-1": WatchedInstance(NOW - timedelta(seconds=15), LONG_AGO),
        "i-2": WatchedInstance(NOW - timedelta(seconds=15)),
    }
    starts = StartHistory(failures=failures, failed_at=LONG_AGO if failures else None)
    guard = FleetGuard(InstanceHours(NOW), known, starts)
    aws = Deployment(present("i-1", "i-2"), 2, cluster=[joined("i-2")])
    assert aws.look(*counts, guard=guard, cap=cap).busy
    assert aws.ended() == [("terminate", "i-1", replaced)]
    assert aws.asked[-1] == ("release", "i-2")


def test_a_lost_instance_is_not_replaced_while_the_next_start_is_a_trial() -> None:
    """The pause is over, and what was lost before it is still there."""
    trial = StartHistory(2, 1, NOW - timedelta(minutes=1), LONG_AGO)
    known = {"i-1": WatchedInstance(NOW, LONG_AGO, lost=True)}
    aws = Deployment(present("i-1"), 1)
    aws.look(1, 1, 0, guard=FleetGuard(InstanceHours(NOW), known, trial))
    assert aws.ended() == [("terminate", "i-1", False)]


def test_a_lost_instance_of_the_cluster_is_not_released_as_well() -> None:
    lost = joined("i-1", connected=False)
    aws = Deployment(present("i-1"), 1, cluster=[lost])
    aws.look(1, 1, 1, guard=watched("i-1", absent_since=LONG_AGO))
    assert aws.asked[-1] == ("release",)


def test_a_lost_instance_that_leaves_is_hurried_if_it_drains_and_else_left_alone() -> None:
    lost = {name: WatchedInstance(NOW, LONG_AGO, lost=True) for name in ("i-1", "i-2")}
    guard = FleetGuard(InstanceHours(NOW), lost)
    leaving = (*present("i-1", leaving=True, drains=True), *present("i-2", leaving=True))
    aws = Deployment(leaving)
    aws.look(1, 1, 0, guard=guard)
    assert aws.ended() == [("end_draining", "i-1")]


@pytest.mark.parametrize("call", ["terminate", "end_draining", "set_desired"])
def test_an_end_that_aws_refuses_is_tried_again_later(call: str) -> None:
    drains = call == "end_draining"
    aws = Deployment(present("i-1", leaving=drains, drains=drains), 3, refuses=(call,))
    guard = FleetGuard(InstanceHours(NOW), {"i-1": WatchedInstance(NOW, LONG_AGO, lost=True)})
    assert aws.look(0, 0, 0, guard=guard).busy
    assert call in [name for name, *_ in aws.ended()]


@pytest.mark.parametrize(
    ("counts", "ended"),
    [
        ((1, 1, 1), [("set_desired", 1)]),
        ((0, 1, 1), [("set_desired", 1)]),
        ((2, 1, 1), []),
        ((1, 2, 1), []),
    ],
)
def test_launches_that_no_task_waits_for_are_ended(
    counts: tuple[int, int, int], ended: list[tuple[str, int]]
) -> None:
    aws = Deployment(present("i-1"), 3, cluster=[joined("i-1")])
    assert not aws.look(*counts, guard=watched("i-1")).busy
    assert aws.ended() == ended


def test_launches_are_left_alone_if_the_desired_count_is_another_one_now() -> None:
    aws = Deployment(present("i-1"), 3, cluster=[joined("i-1")], service_desired=2)
    aws.look(1, 1, 1, guard=watched("i-1"))
    refused = Deployment(present("i-1"), 3, cluster=[joined("i-1")], refuses=("counts",))
    refused.look(1, 1, 1, guard=watched("i-1"))
    assert aws.ended() == refused.ended() == []
    settled = Deployment(present("i-1"), 1, cluster=[joined("i-1")])
    settled.look(1, 1, 1, guard=watched("i-1"))
    assert ("counts",) not in settled.asked


def test_instances_that_start_while_nothing_is_wanted_are_ended() -> None:
    members = (*present("i-1", "i-2"), *present("i-3", leaving=True, drains=True))
    guard = watched("i-1", "i-2", "i-3")
    aws = Deployment(members, 2, cluster=[joined("i-2")])
    assert aws.look(0, 0, 0, guard=guard).busy
    assert aws.ended() == [("terminate", "i-1", False)]
    for counts in ((1, 1, 1), (0, 1, 1)):
        wanted = Deployment(members, 2, cluster=[joined("i-2")])
        assert not wanted.look(*counts, guard=guard).busy
        assert wanted.ended() == []


def test_another_look_is_due_while_an_instance_is_empty() -> None:
    aws = Deployment(present("i-1"), 1, cluster=[joined("i-1")], empty=1)
    assert aws.look(1, 1, 1, guard=watched("i-1")).busy
    aws.empty = 0
    assert not aws.look(1, 1, 1, guard=watched("i-1")).busy


def test_what_a_look_found_is_saved_with_the_stop_that_follows_and_spare_instances_released() -> (
    None
):
    aws = Deployment(recent=[Launch(NOW, None, QUOTA), Launch(NOW, None, QUOTA)])
    found = aws.look(1, 1, 0).guard
    assert aws.saved == (found, Stop(WaitKind.FAILED_STARTS, NOW + LIMITS.first_pause))
    assert aws.released_for == FleetSnapshot(0, 0, 0, 1, 1, NOW)


@pytest.mark.parametrize("proof", ["drew", "ready"])
def test_a_worker_that_drew_or_was_ready_since_ends_the_row_of_failures(proof: str) -> None:
    aws = Deployment(**{proof: NOW})
    assert aws.look(1, 1, 0, guard=FAILED).guard.starts.failures == 0


def test_a_failed_task_that_was_counted_before_is_not_failing() -> None:
    counted = StartHistory(failures=1, failed_at=NOW)
    guard = FleetGuard(InstanceHours(NOW), watched("i-1").instances, counted)
    crashed = joined("i-1", running=1, failed_starts=(FailedStart(NOW),))
    assert Deployment(present("i-1"), cluster=[crashed]).look(1, 1, 1, guard=guard).failing == 0


def test_a_failed_start_is_reported_once_and_with_the_pause_that_it_begins(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def reported() -> list[tuple[Any, Any]]:
        found = [one for one in caplog.records if one.message == "A start has failed"]
        caplog.clear()
        return [(vars(one)["failures"], vars(one).get("paused_until")) for one in found]

    aws = Deployment(recent=[Launch(NOW, None, QUOTA)])
    first = aws.look(1, 1, 0).guard
    assert reported() == [(1, None)]
    aws.look(1, 1, 0, guard=first)
    assert reported() == []
    aws.recent = [Launch(NOW + timedelta(seconds=1), None, QUOTA)]
    aws.look(1, 1, 0, guard=first)
    assert reported() == [(2, str(NOW + LIMITS.first_pause))]
