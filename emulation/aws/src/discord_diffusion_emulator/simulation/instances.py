"""Auto Scaling groups: a desired capacity becomes instances, which are later terminated."""

import math

from . import tasks
from .effects import (
    InstanceInService,
    InstanceLaunched,
    InstanceTerminated,
    InstanceTerminating,
    LaunchFailed,
    SpotWarning,
)
from .managed_scaling import is_protected
from .snapshots import CapacityProvider, Group, RegionSnapshot
from .state import Fault, FleetState, Instance, Phase

GROUP_DELETED = "No group of this name is left."
TAKEN_OUT = "an instance was taken out of service"
INTERRUPTED = f"{TAKEN_OUT} in response to an EC2 instance interruption notice"
CAPACITY_DIFFERENCE = "in response to a difference between desired and actual capacity"


def step(state: FleetState, snapshot: RegionSnapshot, now: float) -> None:
    """Advance every instance, and bring every group to its desired capacity."""
    for instance in list(state.instances.values()):
        group = snapshot.groups.get(instance.group)
        if group is None and instance.active:
            take_out(state, instance, GROUP_DELETED, now)
        _advance(state, instance, group, now)
    for group in snapshot.groups.values():
        _reconcile(state, group, snapshot.provider_of(group.name), now)


def take_out(
    state: FleetState, instance: Instance, cause: str, now: float, *, drains: bool = True
) -> None:
    """Take an active instance out of its group; `drains`: its tasks are stopped first."""
    state.effects.append(InstanceTerminating(instance.key, cause))
    instance.draining = True
    instance.phase = Phase.DRAINING
    if not drains:
        tasks.lose_tasks(state, instance.key, now, "Host EC2 was terminated.")


def _advance(state: FleetState, instance: Instance, group: Group | None, now: float) -> None:
    delays = state.settings.delays_of(instance.group)
    running_at = instance.launched + delays.launch_seconds
    if instance.phase is Phase.PENDING and state.is_due(running_at, now):
        instance.phase = Phase.IN_SERVICE
        state.effects.append(InstanceInService(instance.key))
    waits = instance.phase is Phase.IN_SERVICE and not instance.registered and instance.cluster
    if (
        waits
        and Fault.NO_REGISTRATION not in state.faults
        and state.is_due(running_at + delays.register_seconds, now)
    ):
        instance.registered = True
    _advance_interruption(state, instance, group, now)
    if instance.draining and (instance.active or instance.phase is Phase.DRAINING):
        _drain(state, instance, now)
    if instance.phase is Phase.DRAINING and not state.tasks_on(instance.key):
        instance.phase, instance.registered = Phase.TERMINATING, False
        instance.ends = now + delays.terminate_seconds
    ends = instance.ends if instance.phase is Phase.TERMINATING else None
    if ends is not None and state.is_due(ends, now):
        instance.phase = Phase.TERMINATED
        state.effects.append(InstanceTerminated(instance.key))
        del state.instances[instance.key]


def _advance_interruption(
    state: FleetState, instance: Instance, group: Group | None, now: float
) -> None:
    """Advance a Spot interruption: rebalance recommendation, notice, termination."""
    if instance.rebalanced is None or not instance.active:
        return
    delays = state.settings.delays_of(instance.group)
    notice_at = instance.rebalanced + delays.spot_rebalance_seconds
    if instance.noticed is None and state.is_due(notice_at, now):
        instance.noticed = now
        state.effects.append(SpotWarning(instance.key, "interruption"))
        if group is not None and group.spot_drains:
            instance.draining = True
    if instance.noticed is None:
        return
    if state.is_due(instance.noticed + delays.spot_notice_seconds, now):
        reason = "Host EC2 was terminated by a Spot interruption."
        tasks.lose_tasks(state, instance.key, now, reason)
        take_out(state, instance, INTERRUPTED, now, drains=False)


def _drain(state: FleetState, instance: Instance, now: float) -> None:
    """Stop the tasks of a draining instance; at a Spot notice protected ones too."""
    for task in state.tasks_on(instance.key):
        if instance.noticed is None and task.protected(now):
            state.timers.append(task.protected_until or now)
            continue
        code = "ServiceSchedulerInitiated" if instance.noticed is None else "TerminationNotice"
        reason = "Task stopped: its container instance is draining."
        tasks.stop(state, task, now, reason, code)


def _reconcile(
    state: FleetState, group: Group, provider: CapacityProvider | None, now: float
) -> None:
    present = state.active_in(group.name)
    wanted = min(max(group.desired, group.minimum), group.maximum)
    if group.rebalances:
        present = [instance for instance in present if instance.rebalanced is None]
    if len(present) < wanted:
        _launch(state, group, len(present), wanted, now)
        return
    # At scale-in the instance with the fewest tasks goes first, then the oldest.
    candidates = sorted(
        (i for i in present if not is_protected(state, provider, group, i.key)),
        key=lambda i: (len(state.tasks_on(i.key)), i.launched, i.key),
    )
    for instance in candidates[: len(present) - wanted]:
        cause = (
            f"{TAKEN_OUT} {CAPACITY_DIFFERENCE},"
            f" shrinking the capacity from {len(present)} to {wanted}"
        )
        take_out(state, instance, cause, now, drains=provider is None or provider.drains)


def _launch(state: FleetState, group: Group, present: int, wanted: int, now: float) -> None:
    if not state.is_due(state.retry_launch.get(group.name, -math.inf), now):
        return
    delays = state.settings.delays_of(group.name)
    cause = (
        f"an instance was started {CAPACITY_DIFFERENCE},"
        f" increasing the capacity from {present} to {wanted}"
    )
    if reason := state.denied.get(group.name) or state.denied.get("*"):
        state.retry_launch[group.name] = now + delays.launch_retry_seconds
        state.timers.append(state.retry_launch[group.name])
        state.effects.append(LaunchFailed(group.name, reason, cause))
        return
    for number in range(present, wanted):
        state.launched += 1
        state.instances[state.launched] = Instance(
            key=state.launched,
            group=group.name,
            cluster=group.cluster,
            instance_type=group.instance_type,
            resources=group.resources,
            spot=_next_is_spot(state, group, number),
            launched=now,
        )
        state.effects.append(InstanceLaunched(state.launched, cause))
        state.timers.append(now + delays.launch_seconds)


def _next_is_spot(state: FleetState, group: Group, number: int) -> bool:
    """Whether the group's next instance is a Spot instance, by its instances distribution."""
    if group.on_demand_percent >= 100:
        return False
    on_demand = len([i for i in state.active_in(group.name) if not i.spot])
    if on_demand < group.on_demand_base:
        return False
    above_base = number + 1 - group.on_demand_base
    return on_demand >= math.ceil(above_base * group.on_demand_percent / 100) + group.on_demand_base
