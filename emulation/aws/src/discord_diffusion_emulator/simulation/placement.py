"""Chooses the instance of a task among those that have room, by its service's placement rules."""

from collections.abc import Sequence

from .snapshots import Placement, RegionSnapshot, Service
from .state import FleetState, Instance, Task


def usable_instances(state: FleetState, service: Service) -> list[Instance]:
    """The instances of a service's cluster that take tasks, oldest first."""
    return [
        instance
        for instance in state.instances.values()
        if instance.registered
        and not instance.draining
        and instance.cluster == service.cluster
        and state.is_connected(instance)
    ]


def choose(
    state: FleetState, snapshot: RegionSnapshot, service: Service, task: Task
) -> Instance | None:
    """The instance for a task; None if none has room. Without rules the oldest one is taken.

    Rules apply in their order: the second decides among those that the first holds equal.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
    """
    provider = snapshot.providers.get(task.provider or "")
    alone = service.distinct or service.daemon
    own = {t.instance for t in state.tasks_of(service.key) if t.instance is not None}
    candidates = [
        instance
        for instance in usable_instances(state, service)
        if (provider is None or instance.group == provider.group)
        and state.free(instance).covers(task.resources)
        and not (alone and instance.key in own)
    ]
    if not candidates:
        return None
    counts = _Counts(state, service)
    return min(
        candidates, key=lambda one: [*counts.ranks(one, service.placement), one.launched, one.key]
    )


class _Counts:
    """Where a service's tasks are."""

    def __init__(self, state: FleetState, service: Service) -> None:
        self._state = state
        placed = [task.instance for task in state.tasks_of(service.key)]
        self._instances = [key for key in placed if key in state.instances]

    def ranks(self, instance: Instance, rules: Sequence[Placement]) -> list[float]:
        """The rank of an instance by each rule; the lowest is chosen."""
        return [self._rank(instance, rule) for rule in rules]

    def _rank(self, instance: Instance, rule: Placement) -> float:
        free = self._state.free(instance)
        match rule:
            case Placement.SPREAD_ZONES:
                zones = [self._state.instances[key].zone for key in self._instances]
                return zones.count(instance.zone)
            case Placement.SPREAD_INSTANCES:
                return self._instances.count(instance.key)
            case Placement.BINPACK_CPU:
                return free.cpu
            case Placement.BINPACK_MEMORY:
                return free.memory
