"""From a queue and a fleet to the tasks that are wanted, short and spare.

Three counts, all pure functions of one look at the queue and the service:

* *wanted*: the fewest tasks that finish the whole backlog within the target wait;
* *shortfall*: wanted tasks that nobody has asked for yet: scale out by this many, at once;
* *surplus*: tasks that could go and leave the target met even if the backlog grew by the margin,
  and that are not needed by the jobs in flight: scale in by this many, but only once it has
  held for a while.

Between the two lies a dead band in which nothing happens. A count that was just raised for a
backlog is never surplus for that backlog, and a count that was just lowered is never short of
it: that, and the holding time, is why the fleet does not flap.
"""

import math
from dataclasses import dataclass


def _at_least(name: str, value: float, least: float) -> None:
    if not math.isfinite(value) or value < least:
        raise ValueError(f"{name} is {value!r}; it must be a finite number of at least {least}")


@dataclass(frozen=True)
class Observation:
    """One look at the queue and the service.

    `visible` and `in_flight` are SQS's approximate counts of messages. `running` tasks have
    reached RUNNING; `pending` tasks have been asked for and have not (the service's desired
    count less `running`), whether or not ECS has found a place for them: counting only what ECS
    calls pending would ask again for every task that still waits for an instance.
    """

    visible: int
    in_flight: int
    running: int
    pending: int

    def __post_init__(self) -> None:
        for name in ("visible", "in_flight", "running", "pending"):
            _at_least(name, getattr(self, name), 0)

    @property
    def backlog(self) -> int:
        """Jobs that are not finished: waiting ones and those being worked on."""
        return self.visible + self.in_flight

    @property
    def asked_for(self) -> int:
        """Tasks the service has been told to have."""
        return self.running + self.pending


@dataclass(frozen=True)
class ScalingTarget:
    """What the fleet is sized for.

    `seconds_per_job` is the time a task takes for `jobs_at_once` jobs together, and
    `target_wait_seconds` the time in which a backlog is to be finished by running tasks. `margin`
    is the share by which a backlog may grow back before tasks that were let go are missed;
    `hold_seconds` is how long tasks must have been spare before they are let go.
    """

    seconds_per_job: float
    jobs_at_once: int
    target_wait_seconds: float
    minimum: int
    maximum: int
    margin: float = 0.3
    hold_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name, least in (
            ("target_wait_seconds", 0),
            ("jobs_at_once", 1),
            ("minimum", 0),
            ("maximum", 0),
            ("margin", 0),
            ("hold_seconds", 0),
        ):
            _at_least(name, getattr(self, name), least)
        if not math.isfinite(self.seconds_per_job) or self.seconds_per_job <= 0:
            raise ValueError(f"seconds_per_job is {self.seconds_per_job!r}; it must be above 0")
        if self.maximum < self.minimum:
            raise ValueError(f"maximum is {self.maximum}, below minimum, which is {self.minimum}")

    @property
    def jobs_per_task(self) -> int:
        """Jobs one task finishes within the target wait: whole rounds, and one at the least.

        A job longer than the target cannot be made to meet it by any number of tasks; counting
        one round keeps the fleet finite (one task for each `jobs_at_once` jobs).
        """
        # The tiny term keeps 0.3 / 0.1 at three rounds, where floating point says 2.999...
        rounds = math.floor(self.target_wait_seconds / self.seconds_per_job + 1e-9)
        return max(1, rounds) * self.jobs_at_once

    def clamp(self, tasks: int) -> int:
        """`tasks`, kept between the minimum and the maximum."""
        return min(max(tasks, self.minimum), self.maximum)


@dataclass(frozen=True)
class Measurement:
    """What is published after one look. At most one of `shortfall` and `surplus` is not zero."""

    wanted: int
    shortfall: int
    surplus: int


def needed_tasks(backlog: int, target: ScalingTarget) -> int:
    """The fewest tasks that finish `backlog` jobs within the target, whatever the maximum."""
    _at_least("backlog", backlog, 0)
    return -(-backlog // target.jobs_per_task)


def desired_tasks(observation: Observation, target: ScalingTarget) -> int:
    """Tasks wanted now. With a minimum of 0 it is 0 if, and only if, there is no job at all."""
    return target.clamp(needed_tasks(observation.backlog, target))


def _kept_tasks(observation: Observation, target: ScalingTarget) -> int:
    """Tasks to keep when scaling in: enough with the margin, and one for every busy one."""
    with_margin = needed_tasks(math.ceil(observation.backlog * (1 + target.margin)), target)
    busy = -(-observation.in_flight // target.jobs_at_once)
    return target.clamp(max(with_margin, busy))


def measure(observation: Observation, target: ScalingTarget) -> Measurement:
    """What one look says: tasks wanted, short and spare."""
    wanted = desired_tasks(observation, target)
    return Measurement(
        wanted=wanted,
        shortfall=max(0, wanted - observation.asked_for),
        surplus=max(0, observation.asked_for - _kept_tasks(observation, target)),
    )


@dataclass(frozen=True)
class ScaleInHold:
    """Since when tasks have been spare, and how many were spare all that time.

    The default is the state to begin with: nothing is known to be spare.
    """

    since: float | None = None
    least: int = 0


@dataclass(frozen=True)
class Decision:
    """The desired count to set now, and the state to pass with the next look."""

    desired: int
    hold: ScaleInHold


def decide(
    observation: Observation, target: ScalingTarget, hold: ScaleInHold, now: float
) -> Decision:
    """Decide the desired count from this look and what was spare before it.

    Out at once; in only by what was spare at every look for `target.hold_seconds`. `now` is in
    seconds on any clock that only goes forward. A count outside the minimum and the maximum is
    brought back at once.
    """
    asked = observation.asked_for
    found = measure(observation, target)
    if target.clamp(asked) != asked:
        return Decision(target.clamp(asked + found.shortfall), ScaleInHold())
    if found.surplus == 0:
        return Decision(asked + found.shortfall, ScaleInHold())
    if hold.since is None:
        hold = ScaleInHold(now, found.surplus)
    hold = ScaleInHold(hold.since, min(hold.least, found.surplus))
    if hold.since is not None and now - hold.since >= target.hold_seconds:
        return Decision(asked - hold.least, ScaleInHold())
    return Decision(asked, hold)
