"""What the agent knows: the machines and tasks that there are, and what it remembers of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from discord_diffusion_emulator.simulation.effects import Effect
from discord_diffusion_emulator.simulation.settings import Settings
from discord_diffusion_emulator.simulation.snapshots import Room


class Phase(StrEnum):
    """Where a machine is, by the names of Auto Scaling's lifecycle states."""

    PENDING = "Pending"
    IN_SERVICE = "InService"
    DRAINING = "Terminating:Wait"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"


class Status(StrEnum):
    """Where a task is, by ECS's names."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"


LIVE = (Status.PROVISIONING, Status.PENDING, Status.RUNNING)
HERE = (Phase.PENDING, Phase.IN_SERVICE)


@dataclass
class Machine:
    """An EC2 instance of a group. `registered`: it is a container instance of its cluster."""

    key: int
    group: str
    cluster: str | None
    instance_type: str
    room: Room
    spot: bool
    launched: float
    phase: Phase = Phase.PENDING
    registered: bool = False
    draining: bool = False
    rebalanced: float | None = None
    noticed: float | None = None
    ends: float | None = None


@dataclass
class Task:
    """A task of a service. `machine` is the key of the one it is on."""

    id: str
    service: str
    definition: str
    need: Room
    stop_timeout: float
    provider: str | None
    created: float
    status: Status = Status.PROVISIONING
    machine: int | None = None
    due: float = 0.0
    started: float | None = None
    kill_at: float | None = None
    stopped: float | None = None
    reason: str = ""
    stop_code: str | None = None
    exit_code: int | None = None
    protected_until: float | None = None

    def protected(self, now: float) -> bool:
        """Whether it is spared at scale-in."""
        return self.protected_until is not None and now < self.protected_until


@dataclass
class Reservation:
    """What a capacity provider remembers: when it looks next, and how long it had too much."""

    look_at: float | None = None
    low_points: int = 0
    warm_until: float = 0.0


@dataclass
class Rollout:
    """What a service remembers of its deployment."""

    definition: str
    started: float
    state: str = "IN_PROGRESS"
    failed_tasks: int = 0
    retry_at: float = 0.0
    steady: bool = False
    last_good: str | None = None
    told_protected: int = 0
    told_unplaced: bool = False


@dataclass
class Crash:
    """A service whose tasks are made to fail: `after` None before they run, else seconds after."""

    after: float | None = None


@dataclass
class State:
    """Everything. `ids` makes the tasks' names; `out` collects what is to be done."""

    settings: Settings
    ids: Callable[[], str]
    machines: dict[int, Machine] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    rollouts: dict[str, Rollout] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    retry_launch: dict[str, float] = field(default_factory=dict)
    crashing: dict[str, Crash] = field(default_factory=dict)
    machines_made: int = 0
    out: list[Effect] = field(default_factory=list)
    dues: list[float] = field(default_factory=list)

    def at(self, when: float) -> None:
        """Something has to be looked at again at `when`."""
        self.dues.append(when)

    def in_group(self, group: str) -> list[Machine]:
        """The group's machines that are there or coming."""
        return [m for m in self.machines.values() if m.group == group and m.phase in HERE]

    def on(self, machine: int) -> Iterator[Task]:
        """The tasks that hold room on a machine."""
        return (
            task
            for task in self.tasks.values()
            if task.machine == machine and task.status is not Status.STOPPED
        )

    def free(self, machine: Machine) -> Room:
        """What is left on a machine."""
        room = machine.room
        for task in self.on(machine.key):
            room = room.less(task.need)
        return room

    def of(self, service: str, statuses: Iterable[Status] = LIVE) -> list[Task]:
        """A service's tasks in some states, oldest first."""
        wanted = set(statuses)
        return [t for t in self.tasks.values() if t.service == service and t.status in wanted]
