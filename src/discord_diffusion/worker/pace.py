"""How long drawing takes, learned from the batches before."""

import statistics
from collections import deque
from collections.abc import Iterable

from discord_diffusion.jobs.parameters import GenerationParameters

_REMEMBERED = 8


class Pace:
    """Seconds by the steps, pictures and pixels of jobs, and by the batch."""

    def __init__(self) -> None:
        self._seconds_per_unit: deque[float] = deque(maxlen=_REMEMBERED)
        self._seconds_per_batch: deque[float] = deque(maxlen=_REMEMBERED)

    def learn(self, drawn: Iterable[GenerationParameters], seconds: float) -> None:
        """A batch of these has been drawn in that time."""
        self._seconds_per_unit.append(seconds / sum(map(_units, drawn)))
        self._seconds_per_batch.append(seconds)

    def least(self, parameters: GenerationParameters) -> float:
        """Seconds that a job will take at least; 0 before the first batch.

        The fastest of the last batches counts: small ones are slow for their size, and a job that
        could have been answered in time must not be refused.
        """
        return min(self._seconds_per_unit, default=0.0) * _units(parameters)

    def expected(self, drawn: Iterable[GenerationParameters]) -> float | None:
        """Seconds that a batch will probably take; None before the first."""
        if not self._seconds_per_unit:
            return None
        return statistics.median(self._seconds_per_unit) * sum(map(_units, drawn))

    def seconds_per_batch(self) -> float | None:
        """Of the pipeline, for jobs drawn together; None before the first batch."""
        return statistics.mean(self._seconds_per_batch) if self._seconds_per_batch else None


def _units(parameters: GenerationParameters) -> int:
    return parameters.steps * parameters.images * parameters.width * parameters.height
