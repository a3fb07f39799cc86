"""How long drawing a job will take at least, learned from the jobs before it."""

from collections import deque

from discord_diffusion.jobs import GenerationParameters

_REMEMBERED = 8


class Pace:
    """Seconds by the steps, pictures and pixels of a job.

    The fastest of the last jobs counts: small ones are slow for their size, and a job that could
    have been answered in time must not be refused.
    """

    def __init__(self) -> None:
        self._seconds_per_unit: deque[float] = deque(maxlen=_REMEMBERED)

    def learn(self, parameters: GenerationParameters, seconds: float) -> None:
        """A job has been drawn in that time."""
        self._seconds_per_unit.append(seconds / _units(parameters))

    def estimate(self, parameters: GenerationParameters) -> float:
        """Seconds; 0 before the first job."""
        return min(self._seconds_per_unit, default=0.0) * _units(parameters)


def _units(parameters: GenerationParameters) -> int:
    return parameters.steps * parameters.images * parameters.width * parameters.height
