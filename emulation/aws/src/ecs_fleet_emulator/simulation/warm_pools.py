"""Warm pools of Auto Scaling groups: instances that have booted once and are kept stopped.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pool-instance-lifecycle.html
"""

from enum import Enum, auto

from . import tasks
from .effects import InstanceTerminating, InstanceWarmed, InstanceWoken
from .snapshots import Group
from .state import Fault, FleetState, Instance, Phase

LEAVES_POOL = "an instance was taken out of the warm pool"
HOOK_ABANDONED = "a lifecycle action was abandoned"


class HookResult(Enum):
    """What a launch hook does with an instance."""

    HOLD = auto()
    CONTINUE = auto()
    ABANDON = auto()


def size(group: Group) -> int:
    """How many instances the pool is to hold.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html
    """
    if group.warm_pool is None:
        return 0
    prepared = group.maximum if group.warm_pool.prepared is None else group.warm_pool.prepared
    return max(prepared - max(group.desired, group.minimum), group.warm_pool.minimum)


def running_at(state: FleetState, instance: Instance) -> float:
    """When the instance runs after its launch, or after its start out of the pool."""
    delays = state.settings.delays_of(instance.group)
    if instance.woken is not None:
        return instance.woken + delays.start_seconds
    return instance.launched + delays.launch_seconds


def hook_result(state: FleetState, instance: Instance, group: Group, now: float) -> HookResult:
    """What the launch hook makes of an instance that runs.

    The instance completes the hook once it has booted, in the pool once it has pulled its image.
    """
    hook = group.launch_hook
    if hook is None:
        return HookResult.CONTINUE
    runs, delays = running_at(state, instance), state.settings.delays_of(instance.group)
    if instance.completes_hook:
        booted = runs + delays.register_seconds
        pulls = instance.warm and instance.warm_image is not None
        done = state.is_due(booted + (delays.pull_seconds if pulls else 0.0), now)
        return HookResult.CONTINUE if done else HookResult.HOLD
    if not state.is_due(runs + hook.timeout, now):
        return HookResult.HOLD
    return HookResult.CONTINUE if hook.continues else HookResult.ABANDON


def advance(state: FleetState, instance: Instance, group: Group, now: float) -> None:
    """Advance an instance that runs in the pool until it is stopped there."""
    delays = state.settings.delays_of(instance.group)
    if instance.phase is Phase.WARM_WAITING:
        booted = running_at(state, instance) + delays.register_seconds
        joins = instance.cluster and not group.waits_in_warm_pool
        if joins and Fault.NO_REGISTRATION not in state.faults and state.is_due(booted, now):
            instance.registered = True
        match hook_result(state, instance, group, now):
            case HookResult.CONTINUE:
                pulled = instance.completes_hook and Fault.IMAGE_PULL not in state.faults
                instance.image = instance.warm_image if pulled else None
                instance.phase, instance.stops = Phase.WARM_STOPPING, now + delays.stop_seconds
            case HookResult.ABANDON:
                end(state, instance, HOOK_ABANDONED, now)
    stops = instance.stops if instance.phase is Phase.WARM_STOPPING else None
    if stops is not None and state.is_due(stops, now):
        instance.phase, instance.registered = Phase.WARM_STOPPED, False
        # An agent that joined from the pool may have been given tasks.
        tasks.lose_tasks(state, instance.key, now, "Host EC2 was stopped.")
        state.effects.append(InstanceWarmed(instance.key))


def wake(state: FleetState, group: Group, cause: str, now: float) -> bool:
    """Start the oldest stopped instance of the pool; False if there is none."""
    stopped = [i for i in state.warm_in(group.name) if i.phase is Phase.WARM_STOPPED]
    if not stopped:
        return False
    instance = stopped[0]
    instance.phase, instance.woken = Phase.PENDING, now
    state.effects.append(InstanceWoken(instance.key, cause))
    state.timers.append(running_at(state, instance))
    return True


def shrink(state: FleetState, group: Group, now: float) -> None:
    """End what the pool holds beyond its size, the youngest first."""
    for instance in state.warm_in(group.name)[size(group) :]:
        end(state, instance, f"{LEAVES_POOL} in response to a change of its size", now)


def end(state: FleetState, instance: Instance, cause: str, now: float) -> None:
    """Terminate an instance on which no task runs."""
    warm = instance.warm
    state.effects.append(InstanceTerminating(instance.key, cause))
    instance.phase = Phase.WARM_TERMINATING if warm else Phase.TERMINATING
    instance.registered = False
    instance.ends = now + state.settings.delays_of(instance.group).terminate_seconds
    state.timers.append(instance.ends)
