"""Chooses the instance of a task among those that have room, by its service's placement rules."""

from collections.abc import Sequence

from .snapshots import Placement, RegionSnapshot, Service
from .state import FleetState, Instance, Status, Task


def next_provider(state: FleetState, service: Service) -> str | None:
    """The provider of the next task: unfilled bases first, then the fewest tasks per weight."""
    if not service.strategy:
        return None
    of_tasks = [task.provider for task in state.tasks_of(service.key)]
    for item in service.strategy:
        if of_tasks.count(item.provider) < item.base:
            return item.provider
    weighted = [item for item in service.strategy if item.weight > 0] or list(service.strategy)
    chosen = min(
        weighted,
        key=lambda item: (of_tasks.count(item.provider) - item.base + 1) / max(item.weight, 1),
    )
    return chosen.provider


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


def place(
    state: FleetState, snapshot: RegionSnapshot, service: Service, task: Task, now: float
) -> bool:
    """Place a task on an instance, which pulls its image; False if none has room."""
    instance = choose(state, snapshot, service, task)
    if instance is None:
        return False
    task.instance, task.status = instance.key, Status.PENDING
    delays = state.settings.delays_of(instance.group)
    cached = instance.image in service.images
    task.start_at = now + (delays.cached_pull_seconds if cached else delays.pull_seconds)
    state.timers.append(task.start_at)
    return True


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
