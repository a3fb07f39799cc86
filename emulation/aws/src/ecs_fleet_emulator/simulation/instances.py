"""Auto Scaling groups: a desired capacity becomes instances, which are later terminated."""

import math

from . import tasks, warm_pools
from .effects import (
    DrainInstance,
    InstanceInService,
    InstanceLaunched,
    InstanceRunning,
    InstanceTerminated,
    InstanceTerminating,
    LaunchFailed,
    SpotWarning,
)
from .managed_scaling import is_protected
from .snapshots import CapacityProvider, Group, RegionSnapshot
from .state import Fault, FleetState, Instance, Phase
from .warm_pools import HookResult

GROUP_DELETED = "No group of this name is left."
TAKEN_OUT = "an instance was taken out of service"
INTERRUPTED = f"{TAKEN_OUT} in response to an EC2 instance interruption notice"
CAPACITY_DIFFERENCE = "in response to a difference between desired and actual capacity"
FILLS_POOL = "an instance was started to fill the warm pool"


def step(state: FleetState, snapshot: RegionSnapshot, now: float) -> None:
    """Advance every instance, and bring every group to its desired capacity."""
    for instance in list(state.instances.values()):
        group = snapshot.groups.get(instance.group)
        if group is None and instance.active:
            take_out(state, instance, GROUP_DELETED, now)
        elif group is None and instance.warm:
            warm_pools.end(state, instance, GROUP_DELETED, now)
        _advance(state, instance, group, now)
    for group in snapshot.groups.values():
        _reconcile(state, group, snapshot.provider_of(group.name), now)
        _fill_pool(state, group, now)


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
    if group is not None and (instance.active or instance.warm):
        _advance_launch(state, instance, group, now)
    _advance_interruption(state, instance, group, now)
    if instance.draining and (instance.active or instance.phase is Phase.DRAINING):
        _drain(state, instance, now)
    if instance.phase is Phase.DRAINING and not state.tasks_on(instance.key):
        delays = state.settings.delays_of(instance.group)
        instance.phase, instance.registered = Phase.TERMINATING, False
        instance.ends = now + delays.terminate_seconds
    ending = instance.phase in (Phase.TERMINATING, Phase.WARM_TERMINATING)
    if ending and instance.ends is not None and state.is_due(instance.ends, now):
        instance.phase = Phase.TERMINATED
        state.effects.append(InstanceTerminated(instance.key))
        del state.instances[instance.key]


def _advance_launch(state: FleetState, instance: Instance, group: Group, now: float) -> None:
    """Advance an instance from its launch, perhaps through the warm pool, into service."""
    running_at = warm_pools.running_at(state, instance)
    boots = instance.phase in (Phase.PENDING, Phase.WARM_PENDING)
    if boots and state.is_due(running_at, now):
        instance.phase = Phase.WARM_WAITING if instance.warm else Phase.WAITING
        state.effects.append(InstanceRunning(instance.key))
    warm_pools.advance(state, instance, group, now)
    if instance.phase is Phase.WAITING:
        match warm_pools.hook_result(state, instance, group, now):
            case HookResult.CONTINUE:
                instance.phase = Phase.IN_SERVICE
                state.effects.append(InstanceInService(instance.key))
            case HookResult.ABANDON:
                warm_pools.end(state, instance, warm_pools.HOOK_ABANDONED, now)
    # The agent joins once the instance is meant to be in service, though a hook holds it still.
    runs = instance.phase in (Phase.WAITING, Phase.IN_SERVICE)
    if (
        runs
        and not instance.registered
        and instance.cluster
        and Fault.NO_REGISTRATION not in state.faults
        and state.is_due(running_at + state.settings.delays_of(group.name).register_seconds, now)
    ):
        instance.registered = True


def _advance_interruption(
    state: FleetState, instance: Instance, group: Group | None, now: float
) -> None:
    """Advance a Spot interruption: rebalance recommendation, notice, termination."""
    if instance.rebalanced is None or not instance.active:
        return
    delays = state.settings.delays_of(instance.group)
    notice_after = instance.notice_after
    if notice_after is None:
        notice_after = delays.spot_rebalance_seconds
    notice_at = instance.rebalanced + notice_after
    if instance.noticed is None and state.is_due(notice_at, now):
        instance.noticed = now
        state.effects.append(SpotWarning(instance.key, "interruption"))
        if group is not None and group.spot_drains:
            state.effects.append(DrainInstance(instance.key))
    if instance.noticed is None:
        return
    if state.is_due(instance.noticed + delays.spot_notice_seconds, now):
        reason = "Host EC2 was terminated by a Spot interruption."
        tasks.lose_tasks(state, instance.key, now, reason)
        take_out(state, instance, INTERRUPTED, now, drains=False)


def _drain(state: FleetState, instance: Instance, now: float) -> None:
    """Stop the tasks of a draining instance; at a Spot notice protected ones too."""
    for task in state.tasks_on(instance.key):
        if task.standalone:
            continue  # ECS leaves it alone: it ends by itself, or with the instance.
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
        if group.launches:
            _launch(state, group, len(present), wanted, now)
        return
    if not group.terminates:
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
    """Take instances from the warm pool, and launch what it does not have."""
    cause = (
        f"an instance was started {CAPACITY_DIFFERENCE},"
        f" increasing the capacity from {present} to {wanted}"
    )
    # A stopped instance holds no capacity: its start can be refused as a launch can.
    if _is_denied(state, group, cause, now):
        return
    for number in range(present, wanted):
        if not warm_pools.wake(state, group, cause, now):
            spot = _next_is_spot(state, group, number)
            _launch_one(state, group, cause, now, phase=Phase.PENDING, spot=spot)


def _fill_pool(state: FleetState, group: Group, now: float) -> None:
    """Bring the warm pool to its size."""
    warm_pools.shrink(state, group, now)
    missing = warm_pools.size(group) - len(state.warm_in(group.name))
    if missing > 0 and group.launches and not _is_denied(state, group, FILLS_POOL, now):
        for _ in range(missing):
            _launch_one(state, group, FILLS_POOL, now, phase=Phase.WARM_PENDING, spot=False)


def _is_denied(state: FleetState, group: Group, cause: str, now: float) -> bool:
    """Whether nothing can be launched now; a launch that fails is tried again later."""
    if not state.is_due(state.retry_launch.get(group.name, -math.inf), now):
        return True
    reason = state.denied.get(group.name) or state.denied.get("*")
    if reason:
        retry_at = now + state.settings.delays_of(group.name).launch_retry_seconds
        state.retry_launch[group.name] = retry_at
        state.timers.append(retry_at)
        state.effects.append(LaunchFailed(group.name, reason, cause, cause == FILLS_POOL))
    return bool(reason)


def _launch_one(
    state: FleetState, group: Group, cause: str, now: float, *, phase: Phase, spot: bool
) -> None:
    state.launched += 1
    instance = Instance(
        key=state.launched,
        group=group.name,
        cluster=group.cluster,
        instance_type=group.instance_type,
        resources=group.resources,
        spot=spot,
        launched=now,
        phase=phase,
        completes_hook=group.completes_hook,
        warm_image=group.warm_image,
        zone=state.launched % group.zones,
    )
    state.instances[state.launched] = instance
    state.effects.append(InstanceLaunched(state.launched, cause, warm=instance.warm))
    state.timers.append(warm_pools.running_at(state, instance))


def _next_is_spot(state: FleetState, group: Group, number: int) -> bool:
    """Whether the group's next instance is a Spot instance, by its instances distribution."""
    if group.on_demand_percent >= 100:
        return False
    on_demand = len([i for i in state.active_in(group.name) if not i.spot])
    if on_demand < group.on_demand_base:
        return False
    above_base = number + 1 - group.on_demand_base
    return on_demand >= math.ceil(above_base * group.on_demand_percent / 100) + group.on_demand_base
