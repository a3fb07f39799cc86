"""What a month is billed for, whatever the architecture: how long it was awake and what it did."""

from dataclasses import dataclass

from infra.capacity.day.arrivals import DAY
from infra.capacity.day.outcome import Day, Fate
from infra.capacity.day.run import AFTERWARDS
from infra.capacity.original import MONTH_SECONDS, PICTURES_PER_JOB

DAYS = MONTH_SECONDS / 86_400
MINUTES = MONTH_SECONDS / 60
MONTH_HOURS = MONTH_SECONDS / 3600
EXPRESS_GIGABYTES = 0.0625
"""64 MB: what an EXPRESS execution is billed for at least."""


@dataclass(frozen=True)
class Use:
    """A month of 30 days: jobs asked for and answered, looks at the queue, and hours of instances.

    `awake_hours` are those in which there was a job or a task, `waiting_seconds` what state
    machines spent, `idle_seconds` what workers spent polling an empty queue.
    """

    asked: float = 0.0
    answered: float = 0.0
    looks: float = MINUTES
    awake_hours: float = 0.0
    waiting_seconds: float = 0.0
    instance_hours: float = 0.0
    idle_seconds: float = 0.0

    @property
    def pictures(self) -> float:
        """Pictures that users got."""
        return self.answered * PICTURES_PER_JOB


AWAKE_LOOKS = 4
"""Looks a minute while there is a job or a task, of our loop; there is one otherwise."""
_SIMULATED_MINUTES = (DAY + AFTERWARDS) / 60


def month_of(day: Day) -> Use:
    """Thirty days like the simulated one."""
    ledger = day.ledger
    return Use(
        asked=day.arrived * DAYS,
        answered=day.count(Fate.ANSWERED) * DAYS,
        looks=ledger.looks * DAYS,
        awake_hours=max(0.0, ledger.looks - _SIMULATED_MINUTES) / (AWAKE_LOOKS - 1) / 60 * DAYS,
        waiting_seconds=ledger.express_seconds * DAYS,
        instance_hours=day.gpu_hours * DAYS,
        idle_seconds=(ledger.instance_seconds - ledger.busy_seconds) * DAYS,
    )
