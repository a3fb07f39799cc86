"""The pace of this worker: the seconds that drawing takes, learned from the last batches.

From it follow whether a job can still be answered before its token expires, when the next job is
received, and, by way of the jobs table, how long users are told to wait.
"""

import logging
import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.fleet.pace import (
    REMEMBERED_BATCHES,
    REMEMBERED_FOR,
    DrawnBatch,
    MeasuredPace,
)
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.units import Tariff
from discord_diffusion.worker.errors import JobExpiredError

log = logging.getLogger(__name__)

TOKEN_MARGIN = timedelta(seconds=5)
"""A job whose token expires within this time is not drawn: its user is notified instead."""
PUBLISH_INTERVAL_SECONDS = 60.0
_SLOWER = 1.5
"""A job may take this many times as long as the fastest batch."""
_REMEMBERED = 8
_USUAL_TARIFF = Tariff(pixels=512 * 512, steps=25, guidance=7.5)


class Pace:
    """Seconds a unit, by which this worker plans, and the batches that it publishes.

    `cost` is what a job costs in hundredths of units. By any other measure of work, such as pixels,
    a few jobs of the smallest size would look so slow that every other job seems to come too late.
    """

    def __init__(
        self,
        table: FleetStateStore | None = None,
        *,
        cost: Callable[[GenerationParameters], int] = _USUAL_TARIFF.cost,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._cost = cost
        self._clock = clock
        self._publish_at = clock()
        self._seconds_per_cost: deque[float] = deque(maxlen=_REMEMBERED)
        self._fastest = math.inf
        self._batches: deque[tuple[float, DrawnBatch]] = deque(maxlen=REMEMBERED_BATCHES)

    def learn(self, drawn: Iterable[GenerationParameters], seconds: float) -> None:
        """Learn from a batch of jobs with these parameters, which took so many seconds."""
        cost = sum(map(self._cost, drawn))
        self._seconds_per_cost.append(seconds / cost)
        self._fastest = min(self._fastest, seconds / cost)
        self._batches.append((self._clock(), DrawnBatch(cost, seconds)))

    def least(self, parameters: GenerationParameters) -> float:
        """The fewest seconds that a job takes; 0 before the first batch.

        It is computed from the fastest batch of all: small batches are slow for their size, anybody
        may ask for many of them, and no job may be refused that could be answered in time.
        """
        return 0.0 if math.isinf(self._fastest) else self._fastest * self._cost(parameters)

    def expected(self, jobs: Iterable[GenerationParameters]) -> float | None:
        """Seconds that a batch will probably take; None before the first."""
        if not self._seconds_per_cost:
            return None
        return statistics.median(self._seconds_per_cost) * sum(map(self._cost, jobs))

    def check_time_left(self, job: Job, *, to_draw: bool = True) -> None:
        """Refuse a job that cannot be answered in time, while its user can be notified.

        Raises:
            JobExpiredError: the token expires too soon.
        """
        needed = timedelta(seconds=_SLOWER * self.least(job.parameters) if to_draw else 0)
        if job.expires_at - datetime.now(UTC) < max(TOKEN_MARGIN, needed):
            raise JobExpiredError(
                f"its token expires at {job.expires_at:%H:%M:%S} UTC, "
                f"drawing takes {needed.total_seconds():.0f} s"
            )

    def publish(self) -> None:
        """Write the last batches into the jobs table, at most once a minute."""
        now = self._clock()
        since = now - REMEMBERED_FOR.total_seconds()
        batches = tuple(batch for at, batch in self._batches if at > since)
        if not self._table or not batches or now < self._publish_at:
            return
        self._publish_at = now + PUBLISH_INTERVAL_SECONDS
        try:
            self._table.save_pace(MeasuredPace(batches, datetime.now(UTC)))
        except StoreError as error:
            log.warning("The pace could not be written", extra={"reason": str(error)})
