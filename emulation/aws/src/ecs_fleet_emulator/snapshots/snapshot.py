"""Saves the state of this emulator, and restores it in another one while that starts."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ecs_fleet_emulator.errors import SnapshotError
from ecs_fleet_emulator.fleet.agent import FleetAgent, SavedRegions

from . import containers, pickling, resumption
from .containers import Container
from .pickling import Addresses

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Content:
    """What is saved. `late` are pickled containers of services whose modules take long to load.

    All other containers are pickled together with the fleets, which refer to objects in them.
    """

    containers: dict[str, Container]
    late: dict[str, bytes]
    services: list[str]
    objects: bytes
    metrics: bytes | None
    fleets: SavedRegions


def save(agent: FleetAgent, addresses: Addresses) -> bytes:
    """The state of all services that have been used, and of the fleets.

    Requests wait meanwhile.

    Raises:
        SnapshotError: something can't be saved; the text says what.
    """
    started = time.monotonic()
    metrics, objects = containers.metrics(), containers.objects()
    with agent.saved() as fleets, _without_other_threads():
        found = containers.by_place()
        late = {
            name: {place: found.pop(place) for place in places if place in found}
            for name, places in resumption.LATE.items()
        }
        try:
            content = _Content(
                found,
                {name: pickling.dumps(one, addresses) for name, one in late.items()},
                containers.services(),
                pickling.dumps(objects, addresses),
                metrics,
                fleets,
            )
            pickled = pickling.dumps(content, addresses)
        except Exception as error:
            raise SnapshotError(f"the state can't be saved: {error!r}") from error
    LOG.info("saved %d bytes in %.2f s", len(pickled), time.monotonic() - started)
    return pickled


def restore(agent: FleetAgent, pickled: bytes, addresses: Addresses) -> None:
    """Give this emulator, which serves no requests yet, the state of a saved one.

    Raises:
        SnapshotError: it can't be restored; the emulator can't be used then.
    """
    started = time.monotonic()
    try:
        content: _Content = pickling.loads(pickled, addresses)
        for place, loaded in content.containers.items():
            containers.replace(place, loaded)
        if content.metrics is not None:
            containers.write_metrics(content.metrics)
        resumption.at_start_of_services(content.late, content.objects, addresses)
        # First, since tasks take longest to be ready.
        agent.resume(content.fleets)
        resumption.start_services(content.services)
    except Exception as error:
        raise SnapshotError(f"the snapshot can't be restored: {error!r}") from error
    LOG.info("restored in %.2f s", time.monotonic() - started)


@contextmanager
def _without_other_threads() -> Iterator[None]:
    """Let no other thread run meanwhile, so that none changes what is being pickled.

    Pickling neither waits nor reads files, so that the interpreter's lock is given up only when its
    interval is over. https://docs.python.org/3/library/sys.html#sys.setswitchinterval
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
