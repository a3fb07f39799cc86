"""Snapshots of the AWS APIs' records in one region: the input of every step."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Resources:
    """CPU units, memory in mebibytes and whole GPUs, of an instance or for a task."""

    cpu: int = 0
    memory: int = 0
    gpus: int = 0

    def covers(self, needed: "Resources") -> bool:
        """Whether a task that needs `needed` fits in."""
        enough = self.cpu >= needed.cpu and self.memory >= needed.memory
        return enough and self.gpus >= needed.gpus

    def minus(self, used: "Resources") -> "Resources":
        """The resources without `used`."""
        return Resources(self.cpu - used.cpu, self.memory - used.memory, self.gpus - used.gpus)


@dataclass(frozen=True)
class WarmPool:
    """A warm pool of stopped instances.

    `prepared`: the instances that group and pool hold together; None: the group's maximum.
    """

    minimum: int = 0
    prepared: int | None = None


@dataclass(frozen=True)
class LaunchHook:
    """A lifecycle hook that holds an instance at its launch. `continues`: its default result."""

    timeout: float = 3600.0
    continues: bool = False


@dataclass(frozen=True)
class Group:
    """An Auto Scaling group. `resources`: of each instance; `spot_drains`: at a Spot notice.

    `zones` is the number of its subnets. The three before it are what the instances' user data
    does: it completes the launch hook, pulls `warm_image` in the warm pool, and keeps the agent
    from joining the cluster from there. `launches` and `terminates`: unless that is suspended.
    """

    name: str
    desired: int
    minimum: int
    maximum: int
    instance_type: str
    resources: Resources
    cluster: str | None = None
    on_demand_base: int = 0
    on_demand_percent: int = 100
    protects_new: bool = False
    rebalances: bool = False
    spot_drains: bool = False
    warm_pool: WarmPool | None = None
    launch_hook: LaunchHook | None = None
    completes_hook: bool = False
    warm_image: str | None = None
    waits_in_warm_pool: bool = False
    zones: int = 1
    launches: bool = True
    terminates: bool = True


@dataclass(frozen=True)
class CapacityProvider:
    """A capacity provider of a cluster. `managed`: it sets the group's desired capacity."""

    name: str
    cluster: str
    group: str
    managed: bool = True
    target: int = 100
    minimum_step: int = 1
    maximum_step: int = 10_000
    warmup_seconds: float = 300.0
    protects: bool = False
    drains: bool = True


class Condition(StrEnum):
    """What a container waits for of another one, by ECS's names."""

    START = "START"
    COMPLETE = "COMPLETE"
    SUCCESS = "SUCCESS"
    HEALTHY = "HEALTHY"


@dataclass(frozen=True)
class Dependency:
    """What a container waits for, of the container with a name, before it is started."""

    container: str
    condition: Condition


@dataclass(frozen=True)
class HealthCheck:
    """When a container's health check runs, and how often it has to fail. Times are real seconds.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    interval: float = 30.0
    retries: int = 3
    start_period: float = 0.0


@dataclass(frozen=True)
class Container:
    """A container of a task definition. Its timeouts are real seconds, since a process has them.

    `start_timeout`: how long others wait for it to complete or to become healthy; None: for ever.
    """

    name: str
    essential: bool = True
    depends_on: tuple[Dependency, ...] = ()
    start_timeout: float | None = None
    stop_timeout: float = 30.0
    health_check: HealthCheck | None = None


@dataclass(frozen=True)
class StrategyItem:
    """One item of a capacity provider strategy."""

    provider: str
    weight: int = 1
    base: int = 0


class Placement(StrEnum):
    """A rule by which a service's tasks choose among the instances that have room."""

    SPREAD_ZONES = "spread over zones"
    SPREAD_INSTANCES = "spread over instances"
    BINPACK_CPU = "least CPU left"
    BINPACK_MEMORY = "least memory left"


@dataclass(frozen=True)
class Service:
    """An ECS service; `key` is cluster/name. No `strategy`: any instance of the cluster.

    `images` are those that its tasks run. `deployment` counts the deployments that were forced.
    `daemon`: one task on each instance of the cluster; `distinct`: at most one on an instance.
    `health_grace` are the real seconds in which a new task's health is not looked at.
    """

    key: str
    desired: int
    definition: str
    task_resources: Resources
    containers: tuple[Container, ...] = (Container("main"),)
    strategy: tuple[StrategyItem, ...] = ()
    minimum_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: bool = False
    rolls_back: bool = False
    images: frozenset[str] = frozenset()
    deployment: int = 0
    daemon: bool = False
    distinct: bool = False
    health_grace: float = 0.0
    placement: tuple[Placement, ...] = ()

    @property
    def cluster(self) -> str:
        """The name of the service's cluster."""
        return self.key.split("/")[0]

    @property
    def name(self) -> str:
        """The service's name in its cluster."""
        return self.key.split("/")[1]


@dataclass(frozen=True)
class RegionSnapshot:
    """All groups, capacity providers in use, and services of a region, by name.

    `unreadable` services have records that make no sense: they stay as they are.
    """

    groups: dict[str, Group] = field(default_factory=dict)
    providers: dict[str, CapacityProvider] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()

    def provider_of(self, group: str) -> CapacityProvider | None:
        """The capacity provider of a group."""
        return next((p for p in self.providers.values() if p.group == group), None)
