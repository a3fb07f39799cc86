"""The pace of a fleet: seconds a unit of drawing, from the batches that workers measured. Pure.

Batches differ: small pictures are slow for their units, a crowd that draws together is fast, and
anybody may ask for a few unusual jobs. So the pace is a median, weighted by units, and the
configured pace counts as much as some usual jobs: what few or small batches took moves nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

REMEMBERED_BATCHES = 32
"""The newest batches of a worker, from which its pace is computed."""
REMEMBERED_FOR = timedelta(hours=1)
"""A worker forgets a batch after this time."""
FORGOTTEN_AFTER = timedelta(days=1)
"""What workers measured is not used after this time: model or GPU may be others since."""
CONFIGURED_JOBS = 8
"""The configured pace counts as much as so many usual jobs that were measured."""


@dataclass(frozen=True)
class DrawnBatch:
    """The units of jobs that were drawn together, and the seconds that it took."""

    units: float
    seconds: float


@dataclass(frozen=True)
class MeasuredPace:
    """The last batches of a worker, and when it published them."""

    batches: tuple[DrawnBatch, ...]
    measured_at: datetime

    def is_forgotten(self, now: datetime) -> bool:
        """Whether it is too old to be used."""
        return now - self.measured_at > FORGOTTEN_AFTER


def seconds_per_unit(
    batches: Iterable[DrawnBatch], *, configured: float, configured_units: float
) -> float:
    """The median of the batches' seconds a unit, weighted by their units.

    Args:
        batches: with units above 0.
        configured: seconds a unit as the deployment is configured.
        configured_units: units of drawing that this counts as much as.
    """
    measured = [(batch.seconds / batch.units, batch.units) for batch in batches]
    paces = sorted([*measured, (configured, configured_units)])
    left = sum(units for _, units in paces) / 2
    for pace, units in paces:
        left -= units
        if left <= 0:
            return pace
    return configured
