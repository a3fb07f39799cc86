"""The jobs of the simulated day: when they arrive, and the FIFO queue in which they wait."""

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

RATES: tuple[tuple[float, float], ...] = (
    (0.0, 30.0),
    (0.5, 0.0),
    (7.5, 12.0),
    (12.0, 25.0),
    (17.0, 120.0),
    (19.0, 300.0),
    (22.5, 90.0),
)
"""The hour from which a rate holds, and the rate: jobs an hour, the burst not counted."""


@dataclass(frozen=True)
class Job:
    """One request that arrives at `at`, in simulated seconds."""

    id: int
    at: float
    user: int

    @property
    def expires_at(self) -> float:
        """When its token ends, in simulated seconds."""
        return self.at + TOKEN_SECONDS


def in_burst(job: Job) -> bool:
    """Whether a job came in the minute of the burst."""
    return BURST_AT <= job.at < BURST_AT + BURST_SECONDS


def rate_at(time: float) -> float:
    """Jobs an hour that arrive at `time`, the burst not counted."""
    return next(rate for hour, rate in reversed(RATES) if time >= hour * HOUR)


def _expected_jobs() -> float:
    ends = [*(hour for hour, _ in RATES[1:]), DAY / HOUR]
    calm = sum(rate * (end - hour) for (hour, rate), end in zip(RATES, ends, strict=True))
    return calm + BURST_JOBS


EXPECTED_JOBS = _expected_jobs()
"""The expected number of jobs of such a day."""


def arrivals(seed: int, jobs: float = EXPECTED_JOBS) -> tuple[Job, ...]:
    """The jobs of one day by time: Poisson arrivals at the day's rates, and the burst.

    With another number of `jobs` all rates and the burst change in proportion.
    """
    chance = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    busiest = max(rate for _, rate in RATES) * jobs / EXPECTED_JOBS
    times: list[float] = []
    time = 0.0
    while (time := time + chance.expovariate(busiest / HOUR)) < DAY:
        if chance.random() < rate_at(time) * jobs / EXPECTED_JOBS / busiest:
            times.append(time)
    burst = round(BURST_JOBS * jobs / EXPECTED_JOBS)
    times += [BURST_AT + chance.uniform(0, BURST_SECONDS) for _ in range(burst)]
    return tuple(
        Job(number, when, chance.randrange(USERS)) for number, when in enumerate(sorted(times))
    )


class JobQueue:
    """The SQS FIFO queue: in order, and of one user (message group) one message at a time."""

    def __init__(self) -> None:
        self._visible: dict[int, Job] = {}
        self._in_flight: dict[int, Job] = {}
        self._users_in_flight: set[int] = set()

    @property
    def visible(self) -> int:
        """ApproximateNumberOfMessages, with those behind a message of their user in flight."""
        return len(self._visible)

    @property
    def in_flight(self) -> int:
        """ApproximateNumberOfMessagesNotVisible."""
        return len(self._in_flight)

    @property
    def backlog(self) -> int:
        """Messages that are not deleted."""
        return self.visible + self.in_flight

    @property
    def users(self) -> int:
        """Users with a message that is not deleted."""
        jobs = (*self._visible.values(), *self._in_flight.values())
        return len({job.user for job in jobs})

    def send(self, job: Job) -> None:
        """Append a message."""
        self._visible[job.id] = job

    def receive(self) -> Job | None:
        """The first message whose user has none in flight; it is in flight from now on."""
        for place, job in self._visible.items():
            if job.user not in self._users_in_flight:
                del self._visible[place]
                self._in_flight[place] = job
                self._users_in_flight.add(job.user)
                return job
        return None

    def delete(self, job: Job) -> None:
        """Remove a message in flight."""
        del self._in_flight[job.id]
        self._users_in_flight.remove(job.user)
