"""The outcome of a simulated day: the end of every job, and the use of instances."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from infra.capacity.figures import Instance, figures, prices
from infra.capacity.simulation.jobs import Job


class Fate(StrEnum):
    """How a job ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """Refused before its token ended; the user was notified."""


@dataclass(frozen=True)
class Ending:
    """How and when one job ended."""

    job: Job
    fate: Fate
    at: float

    @property
    def wait(self) -> float:
        """Seconds from the request to the pictures; infinite if there are none."""
        return self.at - self.job.at if self.fate is Fate.ANSWERED else math.inf


@dataclass(frozen=True)
class Sample:
    """The state at one moment, for the plot of the day."""

    at: float
    backlog: int
    tasks: int
    instances: int


@dataclass
class Ledger:
    """The endings, samples and totals of a day."""

    endings: list[Ending] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    busy_seconds: float = 0.0
    instance_seconds: float = 0.0
    pool_fillings: int = 0
    """Instances that were launched into the warm pool; their time is in `instance_seconds`."""
    observations: int = 0
    express_seconds: float = 0.0
    """Seconds that EXPRESS executions of the scaling loop ran, waiting included."""


@dataclass(frozen=True)
class Day:
    """One finished day."""

    name: str
    arrived: int
    ledger: Ledger
    instance: Instance

    def count(self, fate: Fate) -> int:
        """The number of jobs that ended with `fate`."""
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
        """Every job's wait, the shortest first; those of lost jobs are infinite."""
        never = [math.inf] * self.unfinished
        return [*sorted(ending.wait for ending in self.ledger.endings), *never]

    @property
    def gpu_hours(self) -> float:
        """Hours that instances were up, busy or not."""
        return self.ledger.instance_seconds / 3600

    def dollars(self, spot_share: float) -> float:
        """Dollars for instances, with a share of Spot from 0 to 1, and for the scaling loop."""
        loop = self.ledger.express_seconds * figures()["express_gigabytes"]
        return (
            self.gpu_hours * self.instance.hour(spot_share)
            + loop * prices()["express_gigabyte_second"]
        )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of `ordered` does not exceed.

    Raises:
        ValueError: there are no values.
    """
    if not ordered:
        raise ValueError("an empty list has no quantiles")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
