"""A night in which no start can succeed: the scaling loop on a simulated fleet, by its own clock.

The monitor and the watch are the real ones, and so is the simulation of AWS. Users ask all night.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from discord_diffusion.aws.ecs import ServiceCounts
from discord_diffusion.aws.queue import QueueDepth
from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.guard import FleetGuard
from discord_diffusion.fleet.instance_hours import HourCap, InstanceHours
from discord_diffusion.fleet.instances import ContainerInstance, GroupInstance, GroupState, Launch
from discord_diffusion.fleet.starts import FailedStart, StartLimits
from discord_diffusion.fleet.state import FleetSnapshot, FleetState, Stop
from discord_diffusion.functions.backlog.fleet_watch import FleetWatch
from discord_diffusion.functions.backlog.instance_release import InstanceRelease
from discord_diffusion.functions.backlog.monitor import BacklogMonitor
from discord_diffusion.worker.__main__ import NO_MODEL
from ecs_fleet_emulator.simulation.effects import InstanceLaunched, LaunchFailed
from ecs_fleet_emulator.simulation.settings import Delays, Settings
from ecs_fleet_emulator.simulation.state import Fault, Phase, Status
from tests.unit.emulation.aws.simulation.simulated_fleet import (
    SERVICE,
    SimulatedFleet,
    snapshot,
)

EVENING = datetime(2026, 11, 29, 0, 0, tzinfo=UTC)
NIGHT_HOURS = 12
LOOK_SECONDS, ASK_SECONDS = 15, 300
TOKEN, RETENTION = timedelta(minutes=15), timedelta(hours=1)
TARGET = ScalingTarget(
    seconds_per_job=10, jobs_at_once=1, target_wait_seconds=60, minimum=0, maximum=4
)
QUOTA = "You have requested more vCPU capacity than your current vCPU limit of 0 allows for."


@dataclass
class Night:
    """A deployment at night: AWS by the simulation, the queue, and a table in memory."""

    aws: SimulatedFleet = field(default_factory=lambda: SimulatedFleet(snapshot(maximum=4)))
    cap: HourCap = field(default_factory=HourCap)
    asked: list[datetime] = field(default_factory=list)
    refused: int = 0
    guard: FleetGuard = field(default_factory=lambda: FleetGuard(InstanceHours(EVENING)))
    stop: Stop | None = None
    starting_since: datetime | None = None
    surplus: list[float] = field(default_factory=list)
    shortfall: float = 0.0
    told: set[str] = field(default_factory=set)
    lives: dict[int, list[float]] = field(default_factory=dict)
    crash_seconds: float | None = None
    """Workers end with status 3 this long after their start."""

    @property
    def now(self) -> datetime:
        return EVENING + timedelta(seconds=self.aws.now)

    # The queue and the table

    def depth(self) -> QueueDepth:
        kept = [at for at in self.asked if self.now - at < RETENTION]
        return QueueDepth(len(kept), 0)

    def waiting(self, _limit: int) -> list[Any]:
        young = [at for at in self.asked if self.now - at < TOKEN]
        if not young or FleetState(stop=self.stop).stopped(self.now):
            return []
        status = SimpleNamespace(finished=False)
        return [
            SimpleNamespace(
                status=status, user_id=at, units=1, created_at=at, expires_at=at + TOKEN
            )
            for at in young
        ]

    def save_snapshot(self, found: FleetSnapshot) -> tuple[FleetSnapshot, FleetGuard]:
        since = self.starting_since or found.measured_at
        self.starting_since = since if found.starting else None
        return replace(found, starting_since=self.starting_since), self.guard

    def save_launch_failure(self, _at: datetime | None) -> None:
        """Not needed here."""

    def save_guard(self, guard: FleetGuard, stop: Stop | None) -> bool:
        self.guard, self.stop = replace(guard, version=guard.version + 1), stop
        return True

    def drew_at(self) -> None:
        """No worker ever draws."""

    def ready_at(self) -> None:
        """Or is ever ready."""

    # CloudWatch and ECS

    def publish(self, values: Mapping[str, float]) -> None:
        self.told |= {name for name in ("FailedStarts", "StartsStopped") if values.get(name)}
        self.surplus = [*self.surplus[-7:], values.get("TaskSurplus", 0.0)]
        self.shortfall = values.get("TaskShortfall", 0.0)

    def counts(self) -> ServiceCounts:
        return ServiceCounts(self.aws.snapshot.services[SERVICE].desired, self.aws.running)

    def set_desired(self, tasks: int) -> None:
        self.aws.change_service(desired=tasks)

    def set_group(self, instances: int) -> None:
        self.aws.change_group(desired=instances)

    def in_cluster(self) -> list[ContainerInstance]:
        return [
            ContainerInstance(
                arn=f"arn-{key}",
                ec2_id=f"i-{key}",
                draining=instance.draining,
                tasks=len(self.aws.state.tasks_on(key)),
                running=sum(one.status is Status.RUNNING for one in self.aws.state.tasks_on(key)),
                connected=self.aws.state.is_connected(instance),
                failed_starts=tuple(self._failed_on(key)),
            )
            for key, instance in self.aws.state.instances.items()
            if instance.registered
        ]

    def _failed_on(self, key: int) -> Iterable[FailedStart]:
        for task in self.aws.state.tasks.values():
            failed = task.stop_code == "TaskFailedToStart" or task.exit_code == NO_MODEL
            if task.instance == key and failed:
                began = EVENING + timedelta(seconds=task.started) if task.started else None
                yield FailedStart(EVENING + timedelta(seconds=task.stopped or 0.0), began)

    def describe(self, instances: Iterable[ContainerInstance]) -> list[ContainerInstance]:
        wanted = {instance.arn for instance in instances}
        return [instance for instance in self.in_cluster() if instance.arn in wanted]

    def drain(self, instances: Iterable[ContainerInstance]) -> None:
        for instance in instances:
            self._instance(instance.ec2_id).draining = True

    def reactivate(self, instances: Iterable[ContainerInstance]) -> None:
        for instance in instances:
            self._instance(instance.ec2_id).draining = False

    def _instance(self, ec2_id: str) -> Any:
        return self.aws.state.instances[int(ec2_id.removeprefix("i-"))]

    # Auto Scaling

    def state(self) -> GroupState:
        return GroupState(
            self.aws.snapshot.groups["asg"].desired,
            tuple(
                GroupInstance(f"i-{key}", not instance.active, instance.phase is Phase.DRAINING)
                for key, instance in self.aws.state.instances.items()
            ),
        )

    def launches(self) -> list[Launch]:
        found = []
        for at, effect in self.aws.effects(InstanceLaunched, LaunchFailed)[-50:]:
            failed = effect.reason if isinstance(effect, LaunchFailed) else None
            launched = f"i-{effect.instance}" if isinstance(effect, InstanceLaunched) else None
            found.append(Launch(EVENING + timedelta(seconds=at), launched, failed))
        return found

    def terminate(self, ec2_id: str, *, replace: bool = False) -> None:
        key, group = int(ec2_id.removeprefix("i-")), self.aws.snapshot.groups["asg"]
        if self.aws.simulation.terminate(key, "by request", self.aws.now, drains=True):
            self.aws.change_group(desired=group.desired - (not replace))

    def end_draining(self, ec2_id: str) -> None:
        self.aws.simulation.end_draining(int(ec2_id.removeprefix("i-")), self.aws.now)

    # The night

    def spend(self, hours: float = NIGHT_HOURS) -> None:
        """Users ask, the loop looks, and the alarms act, until the morning."""
        me = cast(Any, self)
        group = cast(
            Any,
            SimpleNamespace(
                state=self.state,
                launches=self.launches,
                terminate=self.terminate,
                end_draining=self.end_draining,
                set_desired=self.set_group,
            ),
        )
        limits, release = StartLimits(), InstanceRelease(me, group)
        watch = FleetWatch(me, group, me, me, release, limits, self.cap)
        monitor = BacklogMonitor(me, me, group, watch, me, me, me, TARGET)
        while self.aws.now < hours * 3600:
            if self.aws.now % ASK_SECONDS == 0:
                self._ask(monitor)
            monitor.measure(self.now)
            self._act_on_alarms()
            self._count()
            self._run_to_next_look()

    def _run_to_next_look(self) -> None:
        # Without an instance no worker will have run for so long before the next look.
        if self.crash_seconds is None or not self.aws.state.instances:
            self.aws.run(LOOK_SECONDS)
            return
        for _ in range(LOOK_SECONDS):
            self._crash(self.crash_seconds)
            self.aws.run(1)

    def _crash(self, after_seconds: float) -> None:
        for task in self.aws.state.tasks.values():
            lives = self.aws.now - (task.started or self.aws.now)
            if task.status is Status.RUNNING and lives >= after_seconds:
                self.aws.exit(task.id, NO_MODEL)

    def _ask(self, monitor: BacklogMonitor) -> None:
        if FleetState(stop=self.stop).stopped(self.now):
            self.refused += 1
            return
        self.asked.append(self.now)
        found = monitor.measure(self.now, backlog_at_least=1).snapshot
        if found.desired == 0 and found.wanted:
            self.aws.change_service(desired=found.wanted)
            self.aws.change_group(desired=found.wanted)

    def _act_on_alarms(self) -> None:
        desired = self.counts().desired
        if self.shortfall:
            self.set_desired(min(desired + int(self.shortfall), TARGET.maximum))
        elif len(self.surplus) == 8 and min(self.surplus):
            self.set_desired(max(0, desired - int(min(self.surplus))))
            self.surplus = []

    def _count(self) -> None:
        for key, instance in self.aws.state.instances.items():
            self.lives.setdefault(key, [instance.launched, 0.0])[1] = self.aws.now

    @property
    def billed(self) -> list[float]:
        """Seconds that each instance lived."""
        return [last + LOOK_SECONDS - launched for launched, last in self.lives.values()]


@pytest.mark.parametrize("fault", [Fault.NO_REGISTRATION, Fault.IMAGE_PULL])
def test_a_night_without_a_start_that_succeeds_costs_little_and_everybody_knows(
    fault: Fault,
) -> None:
    night = Night()
    night.aws.simulation.set_fault(fault, on=True)
    night.spend()
    assert 1 <= len(night.billed) <= 15
    assert sum(night.billed) <= 2.5 * 3600
    assert night.refused > NIGHT_HOURS * 3600 / ASK_SECONDS / 2, "most users are told at once"
    assert night.told == {"FailedStarts", "StartsStopped"}
    assert night.guard.starts.failures >= StartLimits().failures


@pytest.mark.parametrize("crash_seconds", [20, 44, 110])
def test_workers_that_end_as_they_start_cost_little_though_another_one_runs_at_each_look(
    crash_seconds: float,
) -> None:
    """ECS replaces them at once, and their image is on the instance."""
    settings = Settings(delays=Delays(pull_seconds=1))
    night = Night(SimulatedFleet(snapshot(maximum=4), settings), crash_seconds=crash_seconds)
    night.spend()
    assert 1 <= len(night.billed) <= 15
    assert sum(night.billed) <= 2.5 * 3600
    assert night.told == {"FailedStarts", "StartsStopped"}
    assert night.guard.starts.failures >= StartLimits().failures


def test_an_instance_that_never_joins_is_gone_within_twelve_minutes() -> None:
    night = Night()
    night.aws.simulation.set_fault(Fault.NO_REGISTRATION, on=True)
    night.spend(hours=3)
    assert max(night.billed) <= 12 * 60


def test_launches_that_a_quota_forbids_stop_and_cost_nothing() -> None:
    night = Night()
    night.aws.simulation.deny_launches("asg", QUOTA)
    night.spend()
    assert night.billed == []
    assert len(night.aws.effects(LaunchFailed)) <= 20
    assert night.told == {"FailedStarts", "StartsStopped"}


def test_the_fleet_draws_again_after_the_fault() -> None:
    night = Night()
    night.aws.simulation.set_fault(Fault.NO_REGISTRATION, on=True)
    night.spend(hours=2)
    night.aws.simulation.set_fault(Fault.NO_REGISTRATION, on=False)
    night.spend(hours=5)
    assert night.aws.running >= 1
    assert night.guard.starts.failures == 0


def test_the_hours_of_a_day_are_a_cap_whatever_is_asked() -> None:
    night = Night(SimulatedFleet(snapshot(maximum=4), Settings()), HourCap(day=2))
    night.spend()
    assert 2 * 3600 <= sum(night.billed) <= 2 * 3600 + 4 * 180
    assert night.aws.tasks(Status.RUNNING) == []
    assert night.told == {"StartsStopped"}
