"""What the agent sees of the control planes: frozen pictures, read from them before every step."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Room:
    """What a task needs, or what a machine has: CPU units, mebibytes, whole GPUs."""

    cpu: int = 0
    memory: int = 0
    gpus: int = 0

    def holds(self, need: "Room") -> bool:
        """Whether `need` fits in."""
        return self.cpu >= need.cpu and self.memory >= need.memory and self.gpus >= need.gpus

    def less(self, need: "Room") -> "Room":
        """What is left once `need` is taken."""
        return Room(self.cpu - need.cpu, self.memory - need.memory, self.gpus - need.gpus)


@dataclass(frozen=True)
class Offer:
    """An instance type that a group may launch."""

    instance_type: str
    room: Room


@dataclass(frozen=True)
class Group:
    """An Auto Scaling group. `spot_drains`: its instances drain themselves at a Spot notice."""

    name: str
    desired: int
    minimum: int
    maximum: int
    offers: tuple[Offer, ...]
    cluster: str | None = None
    on_demand_base: int = 0
    on_demand_percent: int = 100
    protects_new: bool = False
    rebalances: bool = False
    spot_drains: bool = False


@dataclass(frozen=True)
class Provider:
    """A capacity provider of a cluster. `managed`: it moves the group's desired capacity."""

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


@dataclass(frozen=True)
class Share:
    """One part of a capacity provider strategy."""

    provider: str
    weight: int = 1
    base: int = 0


@dataclass(frozen=True)
class Service:
    """An ECS service; `key` is cluster/name. No `strategy`: any instance of the cluster."""

    key: str
    desired: int
    definition: str
    need: Room
    stop_timeout: float = 30.0
    strategy: tuple[Share, ...] = ()
    minimum_percent: int = 100
    maximum_percent: int = 200
    breaks: bool = False
    rolls_back: bool = False

    @property
    def cluster(self) -> str:
        """The name of its cluster."""
        return self.key.split("/")[0]

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return self.key.split("/")[1]


@dataclass(frozen=True)
class World:
    """All that is asked for at one moment, by name."""

    groups: dict[str, Group] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    def provider_of(self, group: str) -> Provider | None:
        """The capacity provider that stands on the group."""
        return next((p for p in self.providers.values() if p.group == group), None)
