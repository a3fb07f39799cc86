"""A simulated fleet with its own clock, whose effects are carried out at once."""

import itertools
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ecs_fleet_emulator.simulation import effects
from ecs_fleet_emulator.simulation.effects import Effect
from ecs_fleet_emulator.simulation.fleet_simulation import FleetSimulation
from ecs_fleet_emulator.simulation.settings import Settings
from ecs_fleet_emulator.simulation.snapshots import (
    CapacityProvider,
    Group,
    RegionSnapshot,
    Resources,
    Service,
    StrategyItem,
)
from ecs_fleet_emulator.simulation.state import FleetState, Status

GPU_INSTANCE = Resources(cpu=4096, memory=15_000, gpus=1)
TASK = Resources(cpu=2048, memory=8_000, gpus=1)
SERVICE = "demo/worker"


def snapshot(desired: int = 0, maximum: int = 10, **provider: object) -> RegionSnapshot:
    """One group, one capacity provider, one service with a task that fills an instance."""
    group = Group("asg", 0, 0, maximum, "g4dn.xlarge", GPU_INSTANCE, "demo", spot_drains=True)
    gpu = CapacityProvider(name="gpu", cluster="demo", group="asg", protects=True)
    strategy = (StrategyItem("gpu"),)
    return RegionSnapshot(
        groups={"asg": group},
        providers={"gpu": replace(gpu, **provider)},  # type: ignore[arg-type]  # by name
        services={SERVICE: Service(SERVICE, desired, "worker:1", TASK, strategy=strategy)},
    )


@dataclass
class SimulatedFleet:
    """Runs a simulation. Processes end `graceful` seconds after SIGTERM; None: never.

    Containers whose name, or whose task's id, is in `sick` fail their health checks.
    """

    snapshot: RegionSnapshot = field(default_factory=snapshot)
    settings: Settings = field(default_factory=Settings)
    graceful: float | None = 5.0
    now: float = 0.0
    log: list[tuple[float, Effect]] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.simulation = FleetSimulation(self.settings, lambda: f"task-{next(numbers)}")
        self.exits: dict[tuple[str, str], float] = {}
        self.sick: set[str] = set()

    @property
    def state(self) -> FleetState:
        return self.simulation.state

    def change_service(self, **changes: object) -> None:
        new = replace(self.snapshot.services[SERVICE], **changes)  # type: ignore[arg-type]
        self.snapshot = replace(self.snapshot, services={SERVICE: new})

    def change_group(self, **changes: object) -> None:
        new = replace(self.snapshot.groups["asg"], **changes)  # type: ignore[arg-type]
        self.snapshot = replace(self.snapshot, groups={"asg": new})

    def run(self, seconds: float) -> None:
        """Advance the clock, with a step at every scheduled time."""
        end = self.now + seconds
        while True:
            self._step()
            timers = [self.simulation.next_step_at, *self.exits.values()]
            due = min((timer for timer in timers if timer is not None), default=None)
            if due is None or due > end or self.now >= end:
                break
            self.now = min(max(due, self.now + 0.001), end)
        self.now = end

    def run_until(self, condition: Callable[[], bool], seconds: float = 3600.0) -> float:
        """Advance the clock a second at a time until a condition holds; returns the time then."""
        end = self.now + seconds
        while not condition():
            assert self.now < end, f"the condition did not hold within {seconds} s"
            self.run(1.0)
        return self.now

    def _step(self) -> None:
        for one in [one for one, at in self.exits.items() if at <= self.now]:
            del self.exits[one]
            self.simulation.container_exited(*one, 0, self.now)
        for _ in range(10):
            found = self.simulation.step(self.snapshot, self.now)
            for effect in found:
                self.log.append((self.now, effect))
                self._carry_out(effect)
            if not found:
                return

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case effects.SetDesiredCapacity(_, desired):
                self.change_group(desired=desired)
            case effects.DrainInstance(instance):
                self.state.instances[instance].draining = True
            case effects.StartContainer(task, name):
                self.simulation.container_started(task, name, self.now)
            case effects.CheckHealth(task, name):
                passed = not self.sick & {task, name}
                self.simulation.health_checked(task, name, passed, self.now)
            case effects.SignalContainer(task, name, signal.SIGTERM):
                if self.graceful is not None:
                    self.exits[task, name] = self.now + self.graceful
            case effects.SignalContainer(task, name, signal.SIGKILL):
                self.exits.pop((task, name), None)
                self.simulation.container_exited(task, name, -9, self.now)
            case effects.RollBack(_, definition, number):
                self.change_service(definition=definition, deployment=number)

    def exit(self, task: str, code: int, container: str = "main") -> None:
        """A container of a task exits by itself."""
        self.simulation.container_exited(task, container, code, self.now)

    def tasks(self, *statuses: Status) -> list[str]:
        """The ids of the tasks in some statuses."""
        return [task.id for task in self.state.tasks.values() if task.status in statuses]

    @property
    def running(self) -> int:
        """The number of running tasks."""
        return len(self.tasks(Status.RUNNING))

    @property
    def instances(self) -> int:
        """The number of instances that are pending, in service or terminating."""
        return len(self.state.instances)

    def effects(self, *kinds: type) -> list[tuple[float, Effect]]:
        """The effects of some kinds, with their times."""
        return [(at, effect) for at, effect in self.log if isinstance(effect, kinds)]

    def signals(self, number: signal.Signals) -> list[float]:
        """The times at which tasks were sent a signal."""
        return [
            at
            for at, effect in self.log
            if isinstance(effect, effects.SignalContainer) and effect.signal is number
        ]

    def service_events(self) -> list[str]:
        """The texts of the service's events, oldest first."""
        return [effect.text for _, effect in self.log if isinstance(effect, effects.ServiceEvent)]

    def protect(self, tasks: Iterable[str], seconds: float = 7200.0) -> None:
        """Protect tasks from scale-in."""
        for task in tasks:
            self.simulation.protect_task(task, self.now + seconds)
