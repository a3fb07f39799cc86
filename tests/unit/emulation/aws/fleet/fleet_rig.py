"""A fleet under a clock of its own: what the agent does around the mind, without anything real."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from discord_diffusion_emulator.simulation import effects
from discord_diffusion_emulator.simulation.effects import Effect
from discord_diffusion_emulator.simulation.fleet import Fleet
from discord_diffusion_emulator.simulation.settings import Settings
from discord_diffusion_emulator.simulation.snapshots import (
    Group,
    Offer,
    Provider,
    Room,
    Service,
    Share,
    World,
)
from discord_diffusion_emulator.simulation.state import Status

GPU = Room(cpu=4096, memory=15_000, gpus=1)
TASK = Room(cpu=2048, memory=8_000, gpus=1)
SERVICE = "demo/worker"


def world(desired: int = 0, maximum: int = 10, **provider: object) -> World:
    """One group, one provider, one service with a task that fills an instance."""
    found = Provider(name="gpu", cluster="demo", group="asg", protects=True)
    return World(
        groups={
            "asg": Group(
                "asg", 0, 0, maximum, (Offer("g4dn.xlarge", GPU),), "demo", spot_drains=True
            )
        },
        providers={"gpu": replace(found, **provider)},  # type: ignore[arg-type]  # by name
        services={SERVICE: Service(SERVICE, desired, "worker:1", TASK, 30.0, (Share("gpu"),))},
    )


@dataclass
class Rig:
    """Carries out effects at once; processes end `graceful` seconds after SIGTERM, None: never."""

    world: World = field(default_factory=world)
    settings: Settings = field(default_factory=Settings)
    graceful: float | None = 5.0
    now: float = 0.0
    log: list[tuple[float, Effect]] = field(default_factory=list)

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.fleet = Fleet(self.settings, lambda: f"task-{next(numbers)}")
        self.ending: dict[str, float] = {}

    def service(self, **changes: object) -> None:
        """Change the service."""
        new = replace(self.world.services[SERVICE], **changes)  # type: ignore[arg-type]
        self.world = replace(self.world, services={SERVICE: new})

    def group(self, **changes: object) -> None:
        """Change the group."""
        new = replace(self.world.groups["asg"], **changes)  # type: ignore[arg-type]
        self.world = replace(self.world, groups={"asg": new})

    def run(self, seconds: float) -> None:
        """Let time pass, ticking whenever something is due."""
        end = self.now + seconds
        while True:
            self._tick()
            dues = [self.fleet.next_due, *self.ending.values()]
            due = min((d for d in dues if d is not None), default=None)
            if due is None or due > end or self.now >= end:
                break
            self.now = min(max(due, self.now + 0.001), end)
        self.now = end

    def until(self, condition: Callable[[], bool], seconds: float = 3600.0) -> float:
        """Let time pass, a second at a time, until something holds; the time when it did."""
        end = self.now + seconds
        while not condition():
            assert self.now < end, f"not within {seconds} s"
            self.run(1.0)
        return self.now

    def _tick(self) -> None:
        for task in [t for t, at in self.ending.items() if at <= self.now]:
            del self.ending[task]
            self.fleet.exited(task, 0, self.now)
        for _ in range(10):
            found = self.fleet.tick(self.world, self.now)
            for effect in found:
                self.log.append((self.now, effect))
                self._carry_out(effect)
            if not found:
                return

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case effects.Ask(_, desired):
                self.group(desired=desired)
            case effects.Start(task):
                self.fleet.started(task, self.now)
            case effects.Signal(task):
                if self.graceful is not None:
                    self.ending[task] = self.now + self.graceful
            case effects.Kill(task):
                self.ending.pop(task, None)
                self.fleet.exited(task, -9, self.now)
            case effects.RolledBack(_, definition):
                self.service(definition=definition)

    def tasks(self, *statuses: Status) -> list[str]:
        """The ids of the tasks in some states."""
        return [t.id for t in self.fleet.state.tasks.values() if t.status in statuses]

    @property
    def running(self) -> int:
        """How many tasks run."""
        return len(self.tasks(Status.RUNNING))

    @property
    def instances(self) -> int:
        """How many instances are there or coming or going."""
        return len(self.fleet.state.machines)

    def done(self, *kinds: type) -> list[tuple[float, Effect]]:
        """What was done of some kinds, and when."""
        return [(at, effect) for at, effect in self.log if isinstance(effect, kinds)]

    def told(self) -> list[str]:
        """The service's events, oldest first."""
        return [effect.text for _, effect in self.log if isinstance(effect, effects.Told)]

    def protect(self, tasks: Iterable[str], seconds: float = 7200.0) -> None:
        """Protect tasks from scale-in."""
        for task in tasks:
            self.fleet.protect(task, self.now + seconds)
