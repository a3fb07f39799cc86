"""The work that waits: unfinished jobs, the users who wait for them, and their units. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from discord_diffusion.jobs.record import JobRecord


def units_of(record: JobRecord) -> int:
    """The units of a job; a job that cost nothing is work, too."""
    return max(1, record.units)


@dataclass(frozen=True)
class Work:
    """Jobs that are queued or drawn.

    Each user's jobs are one message group, of which SQS hands out one message at a time: more tasks
    than users have nothing to do.
    """

    jobs: int = 0
    users: int = 0
    units: float = 0.0

    def __post_init__(self) -> None:
        for name in ("jobs", "users", "units"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be at least 0")

    @classmethod
    def of(cls, records: Iterable[JobRecord]) -> "Work":
        """The unfinished jobs among some records."""
        open_jobs = [record for record in records if not record.status.finished]
        return cls(
            jobs=len(open_jobs),
            users=len({record.user_id for record in open_jobs}),
            units=float(sum(units_of(record) for record in open_jobs)),
        )

    @classmethod
    def usual(cls, jobs: int, units_per_job: float) -> "Work":
        """So many jobs of which nothing more is known: each of another user, and of usual size."""
        return cls(jobs, jobs, jobs * units_per_job)

    @property
    def units_per_job(self) -> float:
        """The mean units of a job; 0 if there is none."""
        return self.units / self.jobs if self.jobs else 0.0

    def with_jobs(self, jobs: int) -> "Work":
        """Another number of jobs of the same size on average, of no more users than now."""
        return Work(jobs, min(self.users, jobs), jobs * self.units_per_job)


@dataclass(frozen=True)
class WorkAhead:
    """The unfinished jobs before a job, their units, and the units of the same user's among them.

    A user's jobs are drawn one after the other, however many tasks there are.
    """

    jobs: int = 0
    units: float = 0.0
    own_units: float = 0.0


@dataclass
class Line:
    """Jobs in the order in which they are drawn: each new one is behind those before."""

    _jobs: int = 0
    _units: float = 0.0
    _own_units: Counter[str] = field(default_factory=Counter)

    def ahead_of(self, record: JobRecord) -> WorkAhead:
        """The work before a job that comes next."""
        return WorkAhead(self._jobs, self._units, self._own_units[record.user_id])

    def add(self, record: JobRecord) -> None:
        """Put a job at the end."""
        self._jobs += 1
        self._units += units_of(record)
        self._own_units[record.user_id] += units_of(record)
