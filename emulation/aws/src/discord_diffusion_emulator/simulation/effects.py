"""What the agent decides has to be done outside of it, in this order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Launched:
    """Auto Scaling starts an instance, because of `cause`."""

    machine: int
    cause: str


@dataclass(frozen=True)
class LaunchFailed:
    """Auto Scaling could not start one in a group."""

    group: str
    reason: str
    cause: str


@dataclass(frozen=True)
class InService:
    """The instance runs and counts."""

    machine: int


@dataclass(frozen=True)
class Terminating:
    """Auto Scaling takes an instance away, because of `cause`."""

    machine: int
    cause: str


@dataclass(frozen=True)
class Terminated:
    """The instance is gone."""

    machine: int


@dataclass(frozen=True)
class SpotWarning:
    """EC2 warns of an interruption; `kind` is `rebalance` or `interruption`."""

    machine: int
    kind: str


@dataclass(frozen=True)
class Ask:
    """A capacity provider sets its group's desired capacity."""

    group: str
    desired: int
    provider: str
    reservation: float


@dataclass(frozen=True)
class Point:
    """A value of the metric CapacityProviderReservation."""

    cluster: str
    provider: str
    value: float


@dataclass(frozen=True)
class Start:
    """A task's process is to run."""

    task: str


@dataclass(frozen=True)
class Signal:
    """A task's process is to be told to stop: SIGTERM."""

    task: str


@dataclass(frozen=True)
class Kill:
    """A task's process is to end: SIGKILL."""

    task: str


@dataclass(frozen=True)
class Told:
    """An ECS service event."""

    service: str
    text: str


@dataclass(frozen=True)
class RolledBack:
    """A failed deployment goes back to an earlier task definition."""

    service: str
    definition: str


Effect = (
    Launched
    | LaunchFailed
    | InService
    | Terminating
    | Terminated
    | SpotWarning
    | Ask
    | Point
    | Start
    | Signal
    | Kill
    | Told
    | RolledBack
)
