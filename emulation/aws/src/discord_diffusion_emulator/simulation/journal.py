"""What has changed in the fleets, in order: for pages, tests, and people who look for a cause."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from discord_diffusion_emulator.simulation.snapshots import World
from discord_diffusion_emulator.simulation.state import Machine, Phase, State

KEPT = 5_000
OFF = "off"
"""What is not worth a note while it has never been otherwise."""

Seen = tuple[str, str, str, dict[str, Any]]
"""What something is, its name, its state, and what belongs to it."""


class Journal:
    """The last changes, each with a number, the time, what it is of, and the new state."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._known: dict[tuple[str, str], str] = {}
        self._number = 0

    def look(self, state: State, world: World, names: Mapping[int, str], now: float) -> None:
        """Note what is not as it was. `names` are the instances' ids by the mind's keys."""
        found = {}
        for what, name, value, more in _seen(state, world, names, now):
            found[what, name] = value
            if self._known.get((what, name), OFF) != value:
                self._note(what, name, value, now, more)
        for what, name in self._known.keys() - found.keys():
            if what == "instance":
                self._note(what, name, str(Phase.TERMINATED), now, {})
        self._known = found

    def after(self, number: int) -> list[dict[str, Any]]:
        """The changes with a greater number, oldest first."""
        return [entry for entry in self._entries if entry["number"] > number]

    def _note(self, what: str, name: str, value: str, now: float, more: dict[str, Any]) -> None:
        self._number += 1
        moment = {"number": self._number, "at": round(time.time(), 3), "aws_at": round(now, 3)}
        self._entries.append({**moment, "what": what, "name": name, "state": value, **more})


def _seen(state: State, world: World, names: Mapping[int, str], now: float) -> Iterator[Seen]:
    for service in world.services.values():
        yield "service", service.key, str(service.desired), {}
    for group in world.groups.values():
        yield "group", group.name, str(group.desired), {}
    for machine in state.machines.values():
        if name := names.get(machine.key):
            of = {"group": machine.group, "spot": machine.spot}
            yield "instance", name, str(machine.phase), of
            yield "container_instance", name, _registration(machine), of
            yield "interruption", name, _interruption(machine), of
    for task in state.tasks.values():
        about = {"service": task.service, "instance": names.get(task.machine or 0)}
        ended = {"reason": task.reason} if task.reason else {}
        yield "protection", task.id, "on" if task.protected(now) else OFF, about
        yield "task", task.id, str(task.status), about | ended


def _registration(machine: Machine) -> str:
    if not machine.registered:
        return OFF
    return "DRAINING" if machine.draining else "ACTIVE"


def _interruption(machine: Machine) -> str:
    if machine.noticed is not None:
        return "notice"
    return OFF if machine.rebalanced is None else "rebalance"
