"""What a scaling policy sees and may do."""

from dataclasses import dataclass
from typing import Protocol

from infra.capacity.day.arrivals import Arrival
from infra.capacity.day.clock import Clock
from infra.capacity.day.fleet import Fleet
from infra.capacity.day.outcome import Ledger
from infra.capacity.day.queue import JobQueue


@dataclass(frozen=True)
class World:
    """The parts of one simulated deployment."""

    clock: Clock
    queue: JobQueue
    fleet: Fleet
    ledger: Ledger


class Policy(Protocol):
    """How a deployment scales."""

    def start(self, world: World, /) -> None:
        """Set up what happens on schedule."""

    def admits(self, world: World, job: Arrival, /) -> bool:
        """Whether a request is taken; one that is not is told so at once."""

    def accepted(self, world: World, job: Arrival, /) -> None:
        """A job is in the queue."""
