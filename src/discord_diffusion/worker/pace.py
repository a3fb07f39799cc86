"""The pace of this worker: seconds that drawing takes, learned from the last batches.

It decides whether a job can still be answered before its token expires, when the next job is
received, and, in the job table, how many workers the fleet needs.
"""

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.errors import JobExpiredError

log = logging.getLogger(__name__)

TOKEN_MARGIN = timedelta(seconds=5)
"""A job whose token expires within this is not answered, but its user can still be notified."""
PUBLISH_INTERVAL_SECONDS = 60.0
_SLOWER = 1.5
"""Factor by which a job may take longer than those before it."""
_REMEMBERED = 8


class Pace:
    """Seconds per unit of drawing (a step of a pixel), and per batch."""

    def __init__(
        self, table: FleetStateStore | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._table = table
        self._clock = clock
        self._publish_at = clock()
        self._seconds_per_unit: deque[float] = deque(maxlen=_REMEMBERED)
        self._seconds_per_batch: deque[float] = deque(maxlen=_REMEMBERED)

    def learn(self, drawn: Iterable[GenerationParameters], seconds: float) -> None:
        """Learn from a batch of these that was drawn in that time."""
        self._seconds_per_unit.append(seconds / sum(map(_units, drawn)))
        self._seconds_per_batch.append(seconds)

    def least(self, parameters: GenerationParameters) -> float:
        """Seconds that a job takes at least; 0 before the first batch.

        The fastest of the last batches counts: small ones are slow for their size, and a job that
        could have been answered in time must not be refused.
        """
        return min(self._seconds_per_unit, default=0.0) * _units(parameters)

    def expected(self, jobs: Iterable[GenerationParameters]) -> float | None:
        """Seconds that a batch will probably take; None before the first."""
        if not self._seconds_per_unit:
            return None
        return statistics.median(self._seconds_per_unit) * sum(map(_units, jobs))

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
        """Write the seconds per batch into the job table, once a minute at most."""
        if not self._table or not self._seconds_per_batch or self._clock() < self._publish_at:
            return
        self._publish_at = self._clock() + PUBLISH_INTERVAL_SECONDS
        try:
            self._table.learn_pace(statistics.mean(self._seconds_per_batch), datetime.now(UTC))
        except StoreError as error:
            log.warning("The pace could not be written", extra={"reason": str(error)})


def _units(parameters: GenerationParameters) -> int:
    return parameters.steps * parameters.images * parameters.width * parameters.height
