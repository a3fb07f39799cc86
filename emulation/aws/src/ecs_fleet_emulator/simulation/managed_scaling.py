"""Managed scaling of capacity providers: waiting tasks become a group's desired capacity.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
"""

import math

from .effects import PublishReservation, SetDesiredCapacity
from .snapshots import CapacityProvider, Group, RegionSnapshot
from .state import FleetState, ManagedScaling, Phase, Status

# What ECS publishes for an empty group that needs instances.
FROM_ZERO_PERCENT = 200.0


def step(
    state: FleetState, snapshot: RegionSnapshot, provider: CapacityProvider, now: float
) -> None:
    """Evaluate a provider's metric once a minute, and set its group's desired capacity."""
    group = snapshot.groups.get(provider.group)
    if group is None or not provider.managed:
        return
    scaling = state.managed_scaling.setdefault(provider.name, ManagedScaling())
    present = len([i for i in state.active_in(group.name) if not i.draining])
    needed = _needed_instances(state, provider, group)
    reservation = _reservation(present, needed)
    if reservation == provider.target:
        scaling.evaluate_at, scaling.low_points = None, 0
        return
    seconds = state.settings.reservation_seconds
    next_minute = (now // seconds + 1) * seconds
    if scaling.evaluate_at is None:
        scaling.evaluate_at = next_minute
    if not state.is_due(scaling.evaluate_at, now):
        return
    scaling.evaluate_at = next_minute
    state.timers.append(next_minute)
    if left := state.settings.drop_reservation_points:
        state.settings = state.settings.changed({"drop_reservation_points": left - 1})
        return
    state.effects.append(PublishReservation(provider.cluster, provider.name, reservation))
    capacity = present
    if reservation > provider.target:
        capacity = _scale_out_capacity(state, provider, present, needed)
        scaling.low_points = 0
    else:
        scaling.low_points += 1
        if scaling.low_points >= state.settings.scale_in_points and now >= scaling.warm_until:
            capacity = max(_target_capacity(provider, needed), present - provider.maximum_step)
    capacity = min(max(capacity, group.minimum), group.maximum)
    if reservation > provider.target and capacity > max(group.desired, present):
        scaling.warm_until = now + provider.warmup_seconds
    elif not (reservation < provider.target and capacity < min(group.desired, present)):
        return
    state.effects.append(SetDesiredCapacity(group.name, capacity))


def _needed_instances(state: FleetState, provider: CapacityProvider, group: Group) -> int:
    """The instances that the provider's tasks need: the busy ones, and more for waiting tasks."""
    busy = [i for i in state.active_in(group.name) if state.work_on(i.key) and not i.draining]
    free = [state.free(instance) for instance in busy]
    for task in state.tasks.values():
        if task.status is not Status.PROVISIONING or task.provider != provider.name:
            continue
        fitting = next((n for n, left in enumerate(free) if left.covers(task.resources)), None)
        if fitting is None:
            if not group.resources.covers(task.resources):
                continue
            free.append(group.resources)
            fitting = len(free) - 1
        free[fitting] = free[fitting].minus(task.resources)
    return len(free)


def _reservation(present: int, needed: int) -> float:
    """CapacityProviderReservation, in percent."""
    if present == 0:
        return FROM_ZERO_PERCENT if needed else 100.0
    return 100.0 * needed / present


def _target_capacity(provider: CapacityProvider, needed: int) -> int:
    return math.ceil(needed * 100 / provider.target)


def _scale_out_capacity(
    state: FleetState, provider: CapacityProvider, present: int, needed: int
) -> int:
    first = state.settings.first_scale_out
    target = first if present == 0 and first else _target_capacity(provider, needed)
    return present + min(max(target - present, provider.minimum_step), provider.maximum_step)


def is_protected(
    state: FleetState, provider: CapacityProvider | None, group: Group, instance: int
) -> bool:
    """Whether an instance is protected from scale-in.

    With managed termination protection: as long as a task is on it. Without: as it was set for the
    instance, or as the group says.
    """
    if provider is not None and provider.protects:
        pending = state.instances[instance].phase in (Phase.PENDING, Phase.WAITING)
        return pending or bool(state.work_on(instance))
    own = state.instances[instance].protected
    return group.protects_new if own is None else own
