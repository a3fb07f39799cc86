"""The simulation's state between steps: instances, tasks, deployments and managed scaling."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from .effects import Effect
from .settings import Settings
from .snapshots import Container, Resources, Service


class Phase(StrEnum):
    """The phase of an instance, by the names of Auto Scaling's lifecycle states."""

    WARM_PENDING = "Warmed:Pending"
    WARM_WAITING = "Warmed:Pending:Wait"
    WARM_STOPPING = "Warmed:Pending:Proceed"
    WARM_STOPPED = "Warmed:Stopped"
    WARM_TERMINATING = "Warmed:Terminating"
    PENDING = "Pending"
    WAITING = "Pending:Wait"
    IN_SERVICE = "InService"
    DRAINING = "Terminating:Wait"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"


class Status(StrEnum):
    """The status of a task, by ECS's names."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"


LIVE = (Status.PROVISIONING, Status.PENDING, Status.RUNNING)
"""Tasks with these statuses count towards a service's desired count."""
ACTIVE = (Phase.PENDING, Phase.WAITING, Phase.IN_SERVICE)
"""Instances in these phases count towards a group's desired capacity."""
WARM = (Phase.WARM_PENDING, Phase.WARM_WAITING, Phase.WARM_STOPPING, Phase.WARM_STOPPED)
"""Instances in these phases are in their group's warm pool."""


@dataclass
class Instance:
    """An EC2 instance of a group. `registered`: it is a container instance of its cluster.

    `notice_after` is the time from the recommendation to the notice of an interruption, where it is
    not the settings'.
    `woken` is when it was started out of the warm pool, `image` what it pulled there; `zone` is the
    number of its group's subnet.
    `completes_hook` and `warm_image` are its group's, unless its role lacks the rights.
    `protected` is its own protection from scale-in; None: as its group says.
    """

    key: int
    group: str
    cluster: str | None
    instance_type: str
    resources: Resources
    spot: bool
    launched: float
    phase: Phase = Phase.PENDING
    registered: bool = False
    draining: bool = False
    rebalanced: float | None = None
    notice_after: float | None = None
    noticed: float | None = None
    ends: float | None = None
    woken: float | None = None
    stops: float | None = None
    image: str | None = None
    completes_hook: bool = False
    warm_image: str | None = None
    zone: int = 0
    protected: bool | None = None

    @property
    def active(self) -> bool:
        """Whether it counts towards the desired capacity."""
        return self.phase in ACTIVE

    @property
    def warm(self) -> bool:
        """Whether it is in the warm pool."""
        return self.phase in WARM


class ContainerStatus(StrEnum):
    """The status of a container, by ECS's names."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class Health(StrEnum):
    """The health of a container or a task, by ECS's names."""

    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"


@dataclass
class TaskContainer:
    """A container of a task. `kill_at`: it has got SIGTERM, and gets SIGKILL then.

    `check_at` is the time of its next health check, `checking` that one runs, `failed_checks` how
    many have failed in a row.
    """

    definition: Container
    status: ContainerStatus = ContainerStatus.PENDING
    started: float | None = None
    stopped: float | None = None
    kill_at: float | None = None
    exit_code: int | None = None
    reason: str = ""
    health: Health = Health.UNKNOWN
    check_at: float | None = None
    checking: bool = False
    failed_checks: int = 0

    @property
    def name(self) -> str:
        """The container's name in its task definition."""
        return self.definition.name


@dataclass
class Task:
    """A task. `instance` is the key of the instance that it is placed on.

    `service` is cluster/name; the name of a task that was run by itself is empty.
    """

    id: str
    service: str
    definition: str
    resources: Resources
    containers: list[TaskContainer]
    provider: str | None
    created: float
    deployment: int = 0
    daemon: bool = False
    status: Status = Status.PROVISIONING
    instance: int | None = None
    start_at: float = 0.0
    started: float | None = None
    stopped: float | None = None
    reason: str = ""
    stop_code: str | None = None
    protected_until: float | None = None

    @property
    def standalone(self) -> bool:
        """Whether it was run by itself, not by a service."""
        return self.service.endswith("/")

    @property
    def exit_code(self) -> int | None:
        """That of the essential container which ended first."""
        ended = [one for one in self.containers if one.definition.essential and one.stopped]
        first = min(ended, key=lambda one: one.stopped or 0.0, default=None)
        return None if first is None else first.exit_code

    @property
    def health(self) -> Health:
        """That of the essential containers with health checks: of the worst one.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
        """
        found = {
            one.health
            for one in self.containers
            if one.definition.essential and one.definition.health_check
        }
        worst = (Health.UNHEALTHY, Health.UNKNOWN, Health.HEALTHY)
        return next((health for health in worst if health in found), Health.UNKNOWN)

    @property
    def healthy(self) -> bool:
        """Whether it runs and passes its health checks, if it has any."""
        checks = [one.definition for one in self.containers if one.definition.essential]
        passes = self.health is Health.HEALTHY or not any(one.health_check for one in checks)
        return self.status is Status.RUNNING and passes

    def container(self, name: str) -> TaskContainer:
        """The container with a name."""
        return next(one for one in self.containers if one.name == name)

    def protected(self, now: float) -> bool:
        """Whether scale-in spares the task."""
        return self.protected_until is not None and now < self.protected_until


@dataclass
class ManagedScaling:
    """A capacity provider's managed scaling: its next evaluation, points below target, warm-up."""

    evaluate_at: float | None = None
    low_points: int = 0
    warm_until: float = 0.0


@dataclass
class Deployment:
    """A service's deployment of one task definition, and the events that were reported.

    `number` tells deployments of the same task definition apart, `last_good` is the last one that
    was completed, as its definition and number.
    """

    definition: str
    number: int = 0
    state: str = "IN_PROGRESS"
    failed_tasks: int = 0
    retry_at: float = 0.0
    steady: bool = False
    last_good: tuple[str, int] | None = None
    protected_reported: int = 0
    unplaced_reported: bool = False


class Fault(StrEnum):
    """A fault of a whole fleet, which lasts until it is switched off."""

    NO_REGISTRATION = "no-registration"
    """Instances start and never join their cluster."""
    AGENT_DISCONNECTED = "agent-disconnected"
    """The agents of instances lose their connection; ECS reaches no task on them."""
    IMAGE_PULL = "image-pull"
    """No task can pull its image."""
    NO_GPU = "no-gpu"
    """Tasks find no GPU on their instance."""


@dataclass
class CrashRule:
    """Makes a service's tasks fail `after` seconds; None: at their start."""

    after: float | None = None


@dataclass
class FleetState:
    """The whole state. `new_id` makes ids of tasks; `effects` and `timers` are of one step."""

    settings: Settings
    new_id: Callable[[], str]
    instances: dict[int, Instance] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    managed_scaling: dict[str, ManagedScaling] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    requests: dict[str, Service] = field(default_factory=dict)
    """What was requested for each standalone task, in the form of a service."""
    denied: dict[str, str] = field(default_factory=dict)
    retry_launch: dict[str, float] = field(default_factory=dict)
    crash_rules: dict[str, CrashRule] = field(default_factory=dict)
    faults: set[Fault] = field(default_factory=set)
    launched: int = 0
    effects: list[Effect] = field(default_factory=list)
    timers: list[float] = field(default_factory=list)

    def is_due(self, when: float, now: float) -> bool:
        """Whether the time `when` has come; if not, schedule a step then."""
        if now < when:
            self.timers.append(when)
        return now >= when

    def real(self, seconds: float) -> float:
        """The simulated seconds in which so many real ones pass."""
        return seconds * self.settings.speed

    def is_connected(self, instance: Instance) -> bool:
        """Whether an instance's agent is connected to ECS."""
        off = instance.phase in (Phase.TERMINATING, Phase.WARM_STOPPED, Phase.WARM_TERMINATING)
        return not off and Fault.AGENT_DISCONNECTED not in self.faults

    def active_in(self, group: str) -> list[Instance]:
        """The instances that count towards a group's desired capacity."""
        return [i for i in self.instances.values() if i.group == group and i.active]

    def warm_in(self, group: str) -> list[Instance]:
        """The instances in a group's warm pool, oldest first."""
        return [i for i in self.instances.values() if i.group == group and i.warm]

    def tasks_on(self, instance: int) -> list[Task]:
        """The tasks that hold resources of an instance."""
        return [
            task
            for task in self.tasks.values()
            if task.instance == instance and task.status is not Status.STOPPED
        ]

    def work_on(self, instance: int) -> list[Task]:
        """The tasks for which an instance is needed: a daemon's do not keep one."""
        return [task for task in self.tasks_on(instance) if not task.daemon]

    def free(self, instance: Instance) -> Resources:
        """The resources of an instance that its tasks do not use."""
        left = instance.resources
        for task in self.tasks_on(instance.key):
            left = left.minus(task.resources)
        return left

    def tasks_of(self, service: str, statuses: Iterable[Status] = LIVE) -> list[Task]:
        """A service's tasks in some statuses, oldest first."""
        wanted = set(statuses)
        return [t for t in self.tasks.values() if t.service == service and t.status in wanted]
