"""Who asks when: a quiet night, a slow day, a burst in the afternoon, a busy evening."""

import random
from dataclasses import dataclass

from discord_diffusion.jobs.job import TOKEN_LIFETIME

TOKEN_SECONDS = TOKEN_LIFETIME.total_seconds()

HOUR = 3600.0
DAY = 24 * HOUR
USERS = 400
BURST_AT = 15.5 * HOUR
BURST_JOBS = 200
BURST_SECONDS = 60.0

# From which hour on how many jobs an hour arrive, until the next line.
RATES: tuple[tuple[float, float], ...] = (
    (0.0, 30.0),
    (0.5, 0.0),
    (7.5, 12.0),
    (12.0, 25.0),
    (17.0, 120.0),
    (19.0, 300.0),
    (22.5, 90.0),
)


@dataclass(frozen=True)
class Arrival:
    """One accepted request."""

    id: int
    at: float
    user: int

    @property
    def expires_at(self) -> float:
        """When its token ends, in simulated seconds."""
        return self.at + TOKEN_SECONDS


def in_burst(job: Arrival) -> bool:
    """Whether a job came with the burst (a few that came by chance in that minute count too)."""
    return BURST_AT <= job.at < BURST_AT + BURST_SECONDS


def rate_at(time: float) -> float:
    """Jobs an hour that arrive at `time`, the burst not counted."""
    return next(rate for hour, rate in reversed(RATES) if time >= hour * HOUR)


def _jobs() -> float:
    ends = [*(hour for hour, _ in RATES[1:]), DAY / HOUR]
    calm = sum(rate * (end - hour) for (hour, rate), end in zip(RATES, ends, strict=True))
    return calm + BURST_JOBS


JOBS = _jobs()
"""How many jobs such a day is expected to have."""


def a_day(seed: int, jobs: float = JOBS) -> tuple[Arrival, ...]:
    """The arrivals of one day: Poisson at the day's rates, and the burst, by time.

    With another number of `jobs`, the same day with all of it in proportion.
    """
    chance = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    busiest = max(rate for _, rate in RATES) * jobs / JOBS
    times: list[float] = []
    time = 0.0
    while (time := time + chance.expovariate(busiest / HOUR)) < DAY:
        if chance.random() < rate_at(time) * jobs / JOBS / busiest:
            times.append(time)
    burst = round(BURST_JOBS * jobs / JOBS)
    times += [BURST_AT + chance.uniform(0, BURST_SECONDS) for _ in range(burst)]
    return tuple(
        Arrival(number, when, chance.randrange(USERS)) for number, when in enumerate(sorted(times))
    )
