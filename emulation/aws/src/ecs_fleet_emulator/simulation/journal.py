"""The journal: every change of a fleet, in order, for the operations page, tests and debugging."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from .snapshots import RegionSnapshot
from .state import FleetState, Instance, Phase

MAX_ENTRIES = 5_000
OFF = "off"
"""The state at first, which gets no entry until another state has been recorded."""

Observed = tuple[str, str, str, dict[str, Any]]
"""An item's kind, name and state, and further fields of the entry."""


class Journal:
    """The last changes, each with a number, its time, and the item's kind, name and new state."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=MAX_ENTRIES)
        self._known: dict[tuple[str, str], str] = {}
        self.number = 0
        """The number of the newest entry."""

    def record(
        self, state: FleetState, snapshot: RegionSnapshot, ids: Mapping[int, str], now: float
    ) -> None:
        """Add an entry for each change. `ids` are EC2's instance ids, by the simulation's keys."""
        found = {}
        for kind, name, value, fields in _observed(state, snapshot, ids, now):
            found[kind, name] = value
            if self._known.get((kind, name), OFF) != value:
                self._add(kind, name, value, now, fields)
        for kind, name in self._known.keys() - found.keys():
            if kind == "instance":
                self._add(kind, name, str(Phase.TERMINATED), now, {})
        self._known = found

    def after(self, number: int) -> list[dict[str, Any]]:
        """The entries with a greater number, oldest first."""
        return [entry for entry in self._entries if entry["number"] > number]

    def _add(self, kind: str, name: str, value: str, now: float, fields: dict[str, Any]) -> None:
        self.number += 1
        moment = {"number": self.number, "at": round(time.time(), 3), "aws_at": round(now, 3)}
        self._entries.append({**moment, "what": kind, "name": name, "state": value, **fields})


def _observed(
    state: FleetState, snapshot: RegionSnapshot, ids: Mapping[int, str], now: float
) -> Iterator[Observed]:
    for service in snapshot.services.values():
        yield "service", service.key, str(service.desired), {}
    for group in snapshot.groups.values():
        yield "group", group.name, str(group.desired), {}
    for instance in state.instances.values():
        if name := ids.get(instance.key):
            fields = {"group": instance.group, "spot": instance.spot}
            yield "instance", name, str(instance.phase), fields
            yield "container_instance", name, _registration(instance), fields
            yield "interruption", name, _interruption(instance), fields
    for task in state.tasks.values():
        placed = {"service": task.service, "instance": ids.get(task.instance or 0)}
        reason = {"reason": task.reason} if task.reason else {}
        yield "protection", task.id, "on" if task.protected(now) else OFF, placed
        yield "task", task.id, str(task.status), placed | reason


def _registration(instance: Instance) -> str:
    if not instance.registered:
        return OFF
    return "DRAINING" if instance.draining else "ACTIVE"


def _interruption(instance: Instance) -> str:
    if instance.noticed is not None:
        return "notice"
    return OFF if instance.rebalanced is None else "rebalance"
