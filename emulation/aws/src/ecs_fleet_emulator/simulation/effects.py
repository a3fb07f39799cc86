"""The effects of a simulation step: changes to make in the emulated AWS, in order."""

from dataclasses import dataclass
from signal import Signals


class Effect:
    """Base of all effects. `instance` is the simulation's key of an instance, `task` an ECS id."""


@dataclass(frozen=True)
class InstanceLaunched(Effect):
    """Auto Scaling launches an instance, into the warm pool if `warm`.

    `cause` is the cause of the scaling activity.
    """

    instance: int
    cause: str
    warm: bool = False


@dataclass(frozen=True)
class InstanceRunning(Effect):
    """The instance runs: it boots."""

    instance: int


@dataclass(frozen=True)
class InstanceWarmed(Effect):
    """The instance has stopped in the warm pool, ready to be started."""

    instance: int


@dataclass(frozen=True)
class InstanceWoken(Effect):
    """Auto Scaling starts an instance of the warm pool; `cause` is that of the scaling activity."""

    instance: int
    cause: str


@dataclass(frozen=True)
class LaunchFailed(Effect):
    """Auto Scaling could not launch an instance in a group, or in its warm pool."""

    group: str
    reason: str
    cause: str
    warm: bool = False


@dataclass(frozen=True)
class InstanceInService(Effect):
    """The instance is in service."""

    instance: int


@dataclass(frozen=True)
class InstanceTerminating(Effect):
    """Auto Scaling starts to terminate an instance; `cause` is that of the scaling activity."""

    instance: int
    cause: str


@dataclass(frozen=True)
class InstanceTerminated(Effect):
    """The instance has ended."""

    instance: int


@dataclass(frozen=True)
class SpotWarning(Effect):
    """EC2 warns of a Spot interruption; `kind` is `rebalance` or `interruption`."""

    instance: int
    kind: str


@dataclass(frozen=True)
class DrainInstance(Effect):
    """The ECS agent drains its instance at a Spot notice."""

    instance: int


@dataclass(frozen=True)
class SetDesiredCapacity(Effect):
    """A capacity provider sets its group's desired capacity."""

    group: str
    desired: int


@dataclass(frozen=True)
class PublishReservation(Effect):
    """A capacity provider publishes its metric CapacityProviderReservation, in percent."""

    cluster: str
    provider: str
    value: float


@dataclass(frozen=True)
class StartContainer(Effect):
    """Start a container of a task."""

    task: str
    container: str


@dataclass(frozen=True)
class SignalContainer(Effect):
    """Send a signal, SIGTERM or SIGKILL, to a container of a task."""

    task: str
    container: str
    signal: Signals


@dataclass(frozen=True)
class CheckHealth(Effect):
    """Run a container's health check."""

    task: str
    container: str


@dataclass(frozen=True)
class ServiceEvent(Effect):
    """An ECS service reports an event."""

    service: str
    text: str


@dataclass(frozen=True)
class RollBack(Effect):
    """A failed deployment returns to an earlier task definition, of the deployment `number`."""

    service: str
    definition: str
    number: int = 0
