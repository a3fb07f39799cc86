"""Managed scaling: from the tasks that want room to a group's desired capacity.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
"""

import math

from discord_diffusion_emulator.simulation.effects import Ask, Point
from discord_diffusion_emulator.simulation.snapshots import (
    Group,
    Provider,
    Room,
    World,
)
from discord_diffusion_emulator.simulation.state import (
    Phase,
    Reservation,
    State,
    Status,
)

# What ECS publishes for an empty group that is needed.
FROM_ZERO = 200.0


def needed(state: State, provider: Provider, group: Group) -> int:
    """How many instances the provider's tasks need: the busy ones, and enough for the waiting."""
    machines = state.in_group(group.name)
    busy = [m for m in machines if any(True for _ in state.on(m.key))]
    rooms = [state.free(m) for m in busy if not m.draining]
    offer = group.offers[0].room if group.offers else Room()
    more = 0
    for task in state.tasks.values():
        waits = task.status is Status.PROVISIONING and task.provider == provider.name
        if not waits:
            continue
        place = next((i for i, room in enumerate(rooms) if room.holds(task.need)), None)
        if place is None:
            if not offer.holds(task.need):
                continue
            rooms.append(offer)
            more += 1
            place = len(rooms) - 1
        rooms[place] = rooms[place].less(task.need)
    return len([m for m in busy if not m.draining]) + more


def value(there: int, wanted: int) -> float:
    """CapacityProviderReservation, in percent."""
    if there == 0:
        return FROM_ZERO if wanted else 100.0
    return 100.0 * wanted / there


def look(state: State, world: World, provider: Provider, now: float) -> None:
    """Look at one provider's metric if its minute is over, and ask for more or fewer instances."""
    group = world.groups.get(provider.group)
    if group is None or not provider.managed:
        return
    memory = state.reservations.setdefault(provider.name, Reservation())
    machines = [m for m in state.in_group(group.name) if not m.draining]
    there, wanted = len(machines), needed(state, provider, group)
    metric = value(there, wanted)
    if metric == provider.target:
        memory.look_at, memory.low_points = None, 0
        return
    seconds = state.settings.reservation_seconds
    if memory.look_at is None:
        memory.look_at = (now // seconds + 1) * seconds
    if now < memory.look_at:
        state.at(memory.look_at)
        return
    memory.look_at = (now // seconds + 1) * seconds
    state.at(memory.look_at)
    if _dropped(state):
        return
    state.out.append(Point(provider.cluster, provider.name, metric))
    asked = _capacity(state, provider, there, wanted, metric, memory, now)
    asked = min(max(asked, group.minimum), group.maximum)
    grows = asked > max(group.desired, there)
    shrinks = asked < group.desired and asked < there
    if metric > provider.target and grows:
        memory.warm_until = now + provider.warmup_seconds
    elif not (metric < provider.target and shrinks):
        return
    state.out.append(Ask(group.name, asked, provider.name, metric))


def _dropped(state: State) -> bool:
    """Whether this minute's point gets lost."""
    left = state.settings.drop_reservation_points
    if left:
        state.settings = state.settings.changed({"drop_reservation_points": left - 1})
    return bool(left)


def _capacity(
    state: State,
    provider: Provider,
    there: int,
    wanted: int,
    metric: float,
    memory: Reservation,
    now: float,
) -> int:
    if metric > provider.target:
        memory.low_points = 0
        first = state.settings.first_scale_out
        goal = first if there == 0 and first else math.ceil(wanted * 100 / provider.target)
        step = min(max(goal - there, provider.minimum_step), provider.maximum_step)
        return there + step
    memory.low_points += 1
    if memory.low_points < state.settings.scale_in_points or now < memory.warm_until:
        return there
    goal = math.ceil(wanted * 100 / provider.target)
    return max(goal, there - provider.maximum_step)


def protects(state: State, provider: Provider | None, group: Group, machine: int) -> bool:
    """Whether a machine is protected from scale-in.

    Managed termination protection: as long as a task is on it. Without it: as the group says.
    """
    if provider is not None and provider.protects:
        there = state.machines[machine]
        return there.phase is Phase.PENDING or any(True for _ in state.on(machine))
    return group.protects_new
