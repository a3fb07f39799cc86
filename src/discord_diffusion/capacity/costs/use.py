"""What a month is billed for, whatever the architecture: how long it was awake and what it did."""

from dataclasses import dataclass

from discord_diffusion.capacity.day.outcome import Day, Fate
from discord_diffusion.capacity.original import MONTH_SECONDS, PICTURES_PER_JOB

DAYS = MONTH_SECONDS / 86_400
MINUTES = MONTH_SECONDS / 60
MONTH_HOURS = MONTH_SECONDS / 3600
EXPRESS_GIGABYTES = 0.0625
"""64 MB: what an EXPRESS execution is billed for at least."""


@dataclass(frozen=True)
class Use:
    """A month of 30 days: jobs asked for and answered, looks at the queue, and hours of instances.

    `waiting_seconds` are those that state machines spent, `idle_seconds` those that workers
    spent polling an empty queue.
    """

    asked: float = 0.0
    answered: float = 0.0
    looks: float = MINUTES
    waiting_seconds: float = 0.0
    instance_hours: float = 0.0
    idle_seconds: float = 0.0

    @property
    def pictures(self) -> float:
        """Pictures that users got."""
        return self.answered * PICTURES_PER_JOB


def month_of(day: Day) -> Use:
    """Thirty days like the simulated one."""
    ledger = day.ledger
    return Use(
        asked=day.arrived * DAYS,
        answered=day.count(Fate.ANSWERED) * DAYS,
        looks=ledger.looks * DAYS,
        waiting_seconds=ledger.express_seconds * DAYS,
        instance_hours=day.gpu_hours * DAYS,
        idle_seconds=(ledger.instance_seconds - ledger.busy_seconds) * DAYS,
    )
