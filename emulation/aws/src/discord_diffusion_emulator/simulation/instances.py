"""Auto Scaling groups: from a desired capacity to instances that come, serve and go."""

import math

from discord_diffusion_emulator.simulation import managed_scaling as reservation
from discord_diffusion_emulator.simulation.effects import (
    InService,
    Launched,
    LaunchFailed,
    SpotWarning,
    Terminated,
    Terminating,
)
from discord_diffusion_emulator.simulation.snapshots import Group, Provider, World
from discord_diffusion_emulator.simulation.state import (
    HERE,
    Machine,
    Phase,
    State,
)
from discord_diffusion_emulator.simulation.tasks import lose, stop

GONE = "No group of this name is left."


def step(state: State, world: World, now: float) -> None:
    """Bring every machine to where it is by now, and every group to its desired capacity."""
    for machine in list(state.machines.values()):
        group = world.groups.get(machine.group)
        if group is None and machine.phase in HERE:
            _go(state, machine, GONE, now)
        _age(state, world, machine, now)
    for group in world.groups.values():
        _reconcile(state, group, world.provider_of(group.name), now)


def _age(state: State, world: World, machine: Machine, now: float) -> None:
    delays = state.settings.of(machine.group)
    if machine.phase is Phase.PENDING and _over(
        state, machine.launched + delays.launch_seconds, now
    ):
        machine.phase = Phase.IN_SERVICE
        state.out.append(InService(machine.key))
    agent_at = machine.launched + delays.launch_seconds + delays.register_seconds
    waits = machine.phase is Phase.IN_SERVICE and not machine.registered and machine.cluster
    if waits and _over(state, agent_at, now):
        machine.registered = True
    _warn(state, world, machine, now)
    if machine.draining and machine.phase in (*HERE, Phase.DRAINING):
        _drain(state, machine, now)
    if machine.phase is Phase.DRAINING and not any(True for _ in state.on(machine.key)):
        machine.phase, machine.registered = Phase.TERMINATING, False
        machine.ends = now + delays.terminate_seconds
    ends = machine.ends if machine.phase is Phase.TERMINATING else None
    if ends is not None and _over(state, ends, now):
        machine.phase = Phase.TERMINATED
        state.out.append(Terminated(machine.key))
        del state.machines[machine.key]


def _over(state: State, when: float, now: float) -> bool:
    """Whether a moment has come; if not, look again then."""
    if now >= when:
        return True
    state.at(when)
    return False


def _warn(state: State, world: World, machine: Machine, now: float) -> None:
    """A Spot interruption: a recommendation, a notice, and the end."""
    if machine.rebalanced is None or machine.phase not in HERE:
        return
    delays = state.settings.of(machine.group)
    group = world.groups.get(machine.group)
    notice_at = machine.rebalanced + delays.spot_rebalance_seconds
    if machine.noticed is None and _over(state, notice_at, now):
        machine.noticed = now
        state.out.append(SpotWarning(machine.key, "interruption"))
        if group is not None and group.spot_drains:
            machine.draining = True
    if machine.noticed is None:
        return
    if _over(state, machine.noticed + delays.spot_notice_seconds, now):
        for task in list(state.on(machine.key)):
            lose(state, task, now, "Host EC2 was terminated by a Spot interruption.")
        _go(state, machine, "an instance was taken out of service in response to an EC2 instance "
            "interruption notice", now, drains=False)  # fmt: skip


def _drain(state: State, machine: Machine, now: float) -> None:
    """Stop the tasks on a machine that is going; protected ones are waited for, not at Spot's."""
    for task in list(state.on(machine.key)):
        if machine.noticed is None and task.protected(now):
            state.at(task.protected_until or now)
            continue
        code = "TerminationNotice" if machine.noticed is not None else "ServiceSchedulerInitiated"
        stop(state, task, now, "Task stopped: its container instance is draining.", code)


def _go(state: State, machine: Machine, cause: str, now: float, *, drains: bool = True) -> None:
    """Take a machine out of its group."""
    if machine.phase not in HERE:
        return
    state.out.append(Terminating(machine.key, cause))
    machine.draining = True
    machine.phase = Phase.DRAINING
    if not drains:
        for task in list(state.on(machine.key)):
            lose(state, task, now, "Host EC2 was terminated.")


def _reconcile(state: State, group: Group, provider: Provider | None, now: float) -> None:
    there = state.in_group(group.name)
    wanted = min(max(group.desired, group.minimum), group.maximum)
    if group.rebalances:
        there = [m for m in there if m.rebalanced is None]
    if len(there) < wanted:
        _launch(state, group, len(there), wanted, now)
    elif len(there) > wanted:
        drains = provider is None or provider.drains
        for machine in _victims(state, group, provider, there)[: len(there) - wanted]:
            cause = (
                "an instance was taken out of service in response to a difference between desired"
                f" and actual capacity, shrinking the capacity from {len(there)} to {wanted}"
            )
            _go(state, machine, cause, now, drains=drains)


def _victims(
    state: State, group: Group, provider: Provider | None, there: list[Machine]
) -> list[Machine]:
    """Those that may go at scale-in, the first to go first: the idle, then the oldest."""
    free = [m for m in there if not reservation.protects(state, provider, group, m.key)]
    return sorted(free, key=lambda m: (len(list(state.on(m.key))), m.launched, m.key))


def _launch(state: State, group: Group, there: int, wanted: int, now: float) -> None:
    retry = state.retry_launch.get(group.name, -math.inf)
    if now < retry:
        state.at(retry)
        return
    cause = (
        "an instance was started in response to a difference between desired and actual capacity,"
        f" increasing the capacity from {there} to {wanted}"
    )
    if reason := state.denied.get(group.name) or state.denied.get("*"):
        state.retry_launch[group.name] = now + state.settings.of(group.name).launch_retry_seconds
        state.at(state.retry_launch[group.name])
        state.out.append(LaunchFailed(group.name, reason, cause))
        return
    if not group.offers:
        return
    for number in range(there, wanted):
        state.machines_made += 1
        machine = Machine(
            key=state.machines_made,
            group=group.name,
            cluster=group.cluster,
            instance_type=group.offers[0].instance_type,
            room=group.offers[0].room,
            spot=_is_spot(state, group, number),
            launched=now,
        )
        state.machines[machine.key] = machine
        state.out.append(Launched(machine.key, cause))
        _age_later(state, machine)


def _age_later(state: State, machine: Machine) -> None:
    state.at(machine.launched + state.settings.of(machine.group).launch_seconds)


def _is_spot(state: State, group: Group, number: int) -> bool:
    """Whether the group's next instance is a Spot one, by its instances distribution."""
    if group.on_demand_percent >= 100:
        return False
    machines = state.in_group(group.name)
    on_demand = len([m for m in machines if not m.spot])
    if on_demand < group.on_demand_base:
        return False
    above = number + 1 - group.on_demand_base
    wanted = math.ceil(above * group.on_demand_percent / 100) + group.on_demand_base
    return on_demand >= wanted


def interrupt(state: State, key: int, now: float) -> bool:
    """Begin a Spot interruption. False if there is no such machine, or it is going already."""
    machine = state.machines.get(key)
    if machine is None or machine.phase not in HERE or machine.rebalanced is not None:
        return False
    machine.rebalanced = now
    state.out.append(SpotWarning(key, "rebalance"))
    return True


def release(state: State, key: int, cause: str, now: float, *, drains: bool) -> bool:
    """Take a machine out of its group. False if it is not there or going already."""
    machine = state.machines.get(key)
    if machine is None or machine.phase not in HERE:
        return False
    _go(state, machine, cause, now, drains=drains)
    return True


def vanish(state: State, key: int, now: float) -> None:
    """A machine was terminated from outside: its tasks are lost at once."""
    machine = state.machines[key]
    for task in list(state.on(key)):
        lose(state, task, now, "Host EC2 was terminated.")
    machine.draining = True
    machine.phase, machine.registered, machine.ends = Phase.TERMINATING, False, now
    state.out.append(Terminating(key, "an instance was taken out of service outside of the group"))
