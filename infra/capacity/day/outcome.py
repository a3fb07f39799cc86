"""What became of every job, and what the day cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from infra.capacity.day.arrivals import Arrival


class Fate(StrEnum):
    """How a job ended."""

    ANSWERED = "answered"
    REFUSED = "refused"  # told in time that it cannot be done
    SILENT = "silent"  # worked on in vain: the token had ended, and nobody could be told


@dataclass(frozen=True)
class Ending:
    """How and when one job ended."""

    job: Arrival
    fate: Fate
    at: float

    @property
    def wait(self) -> float:
        """Seconds from the request to the pictures; infinite if they never came."""
        return self.at - self.job.at if self.fate is Fate.ANSWERED else math.inf


@dataclass(frozen=True)
class Sample:
    """The state at one moment, for the picture of the day."""

    at: float
    backlog: int
    tasks: int
    instances: int


@dataclass
class Ledger:
    """Everything that is counted while a day goes by."""

    endings: list[Ending] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    busy_seconds: float = 0.0
    wasted_seconds: float = 0.0
    instance_seconds: float = 0.0
    killed_while_busy: int = 0
    wakes: int = 0
    looks: int = 0
    express_seconds: float = 0.0


@dataclass(frozen=True)
class Day:
    """One policy's day, finished."""

    name: str
    arrived: int
    ledger: Ledger
    dollars_an_hour: float
    spot_dollars_an_hour: float
    express_dollars: float

    def count(self, fate: Fate) -> int:
        """Jobs that ended so."""
        return sum(1 for ending in self.ledger.endings if ending.fate is fate)

    @property
    def unfinished(self) -> int:
        """Jobs still in the queue an hour after the day: none, unless the policy is stuck."""
        return self.arrived - len(self.ledger.endings)

    @property
    def lost(self) -> int:
        """Jobs without pictures."""
        return self.arrived - self.count(Fate.ANSWERED)

    @property
    def waits(self) -> list[float]:
        """Every job's wait, shortest first; lost ones are infinite and last."""
        never = [math.inf] * self.unfinished
        return [*sorted(ending.wait for ending in self.ledger.endings), *never]

    @property
    def gpu_hours(self) -> float:
        """Hours that instances were up, whether they worked or not."""
        return self.ledger.instance_seconds / 3600

    @property
    def dollars(self) -> float:
        """Instances On-Demand, and the scaling loop."""
        return self.gpu_hours * self.dollars_an_hour + self.express_dollars

    @property
    def spot_dollars(self) -> float:
        """The same on Spot."""
        return self.gpu_hours * self.spot_dollars_an_hour + self.express_dollars


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of `ordered` does not exceed."""
    if not ordered:
        raise ValueError("nothing has no quantiles")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
