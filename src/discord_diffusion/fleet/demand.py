"""How many tasks a queue and a fleet demand. Pure.

From one observation of the work that waits and the ECS service:

* *wanted*: the fewest tasks that finish all work within the target wait, and no more than users
  wait, for each user's jobs are drawn one at a time;
* *shortfall*: wanted tasks that the service does not run or start yet; the alarm on it scales out;
* *surplus*: tasks that could stop without missing the target even if the backlog grew by the
  margin, and that no job in flight needs; the alarm on it scales in once it has lasted.

Between the two lies a dead band in which nothing happens. A count that was just raised for a
backlog has no surplus for that backlog, and a count that was just lowered has no shortfall for it,
so the fleet does not flap.
"""

import math
from dataclasses import dataclass, replace

from discord_diffusion.fleet.work import Work


@dataclass(frozen=True)
class Observation:
    """The numbers that a scaling decision is made from.

    `in_flight` is SQS's approximate count of messages that workers hold. `running` tasks have
    reached RUNNING; `pending` is the service's desired count less `running`. It includes tasks that
    wait for an instance, which ECS does not count as pending: they are not requested again.
    """

    work: Work
    in_flight: int
    running: int
    pending: int

    def __post_init__(self) -> None:
        for name in ("in_flight", "running", "pending"):
            _check_at_least(name, getattr(self, name), 0)

    @property
    def asked_for(self) -> int:
        """The service's desired count, as far as tasks run or start."""
        return self.running + self.pending


@dataclass(frozen=True)
class ScalingTarget:
    """The wait that the fleet is sized for, and its bounds.

    `seconds_per_job` is the time in which a task draws `jobs_at_once` usual jobs together, each of
    `units_per_job`, and `target_wait_seconds` the time in which running tasks are to finish a
    backlog. `margin` is the share by which a backlog may grow again before stopped tasks are
    missed.
    """

    seconds_per_job: float
    jobs_at_once: int
    target_wait_seconds: float
    minimum: int
    maximum: int
    margin: float = 0.3
    units_per_job: float = 1.0

    def __post_init__(self) -> None:
        for name in ("target_wait_seconds", "minimum", "maximum", "margin"):
            _check_at_least(name, getattr(self, name), 0)
        _check_at_least("jobs_at_once", self.jobs_at_once, 1)
        for name in ("seconds_per_job", "units_per_job"):
            value = getattr(self, name)
            if not math.isfinite(value) or value <= 0:
                raise ValueError(f"{name} is {value!r}; it must be above 0")
        if self.maximum < self.minimum:
            raise ValueError(f"maximum is {self.maximum}, below minimum, which is {self.minimum}")

    @property
    def seconds_per_unit(self) -> float:
        """The configured pace of a task that draws as many jobs together as it can."""
        return self.seconds_per_job / (self.jobs_at_once * self.units_per_job)

    def jobs_per_task(self, units_per_job: float) -> int:
        """Jobs of that size that one task finishes within the target wait: whole rounds, at least
        one.

        No number of tasks makes a job that is longer than the target meet it; counting one round
        keeps the fleet finite (one task for each `jobs_at_once` jobs).
        """
        seconds = self.seconds_per_unit * self.jobs_at_once * units_per_job
        # The small term keeps 0.3 / 0.1 at three rounds, where floating point says 2.999...
        rounds = math.floor(self.target_wait_seconds / seconds + 1e-9)
        return max(1, rounds) * self.jobs_at_once

    def at_most(self, tasks: int) -> "ScalingTarget":
        """The same target with no more tasks than `tasks`."""
        minimum, maximum = min(self.minimum, tasks), min(self.maximum, tasks)
        return replace(self, minimum=minimum, maximum=maximum)

    def clamp(self, tasks: int) -> int:
        """`tasks`, kept between the minimum and the maximum."""
        return min(max(tasks, self.minimum), self.maximum)


@dataclass(frozen=True)
class Measurement:
    """What an observation means for a target. Shortfall or surplus, or both, are 0."""

    wanted: int
    shortfall: int
    surplus: int


def measure(observation: Observation, target: ScalingTarget) -> Measurement:
    """The tasks that are wanted, and how many the fleet is short of or has too many of them."""
    wanted = desired_tasks(observation, target)
    return Measurement(
        wanted=wanted,
        shortfall=max(0, wanted - observation.asked_for),
        surplus=max(0, observation.asked_for - _kept_tasks(observation, target)),
    )


def desired_tasks(observation: Observation, target: ScalingTarget) -> int:
    """Tasks wanted now. With a minimum of 0 it is 0 if, and only if, there is no job at all."""
    return target.clamp(needed_tasks(observation.work, target))


def needed_tasks(work: Work, target: ScalingTarget, *, margin: float = 0.0) -> int:
    """The fewest tasks that finish the work within the target, whatever the maximum.

    `margin` is the share by which jobs and users may have grown.
    """
    if not work.jobs:
        return 0
    jobs = math.ceil(work.jobs * (1 + margin))
    users = math.ceil(work.users * (1 + margin))
    return min(users, -(-jobs // target.jobs_per_task(work.units_per_job)))


def _kept_tasks(observation: Observation, target: ScalingTarget) -> int:
    """Tasks to keep when scaling in: enough with the margin, and no fewer than are busy."""
    with_margin = needed_tasks(observation.work, target, margin=target.margin)
    busy = -(-observation.in_flight // target.jobs_at_once)
    return target.clamp(max(with_margin, busy))


def _check_at_least(name: str, value: float, least: float) -> None:
    if not math.isfinite(value) or value < least:
        raise ValueError(f"{name} is {value!r}; it must be a finite number of at least {least}")
