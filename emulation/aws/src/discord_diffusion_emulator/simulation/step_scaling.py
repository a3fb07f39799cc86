"""Step scaling: from how far a metric is past its alarm's threshold to a new capacity.

https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

CHANGE = "ChangeInCapacity"
PERCENT = "PercentChangeInCapacity"
EXACT = "ExactCapacity"


@dataclass(frozen=True)
class Step:
    """An adjustment for distances from the threshold between two bounds; None: no bound."""

    adjustment: int
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Policy:
    """A step scaling policy."""

    arn: str
    adjustment_type: str
    steps: Sequence[Step]
    cooldown: float = 300.0
    minimum_magnitude: int = 0


@dataclass
class Cooldown:
    """What a scalable target remembers of its last activities, out and in."""

    out_until: float = -math.inf
    out_from: int = 0
    in_until: float = -math.inf


def step_for(steps: Sequence[Step], distance: float, *, above: bool) -> Step | None:
    """The step for a metric `distance` past the threshold.

    `above`: the alarm fires above its threshold: lower bounds belong to the step, upper ones
    don't. Below the threshold it is the other way round.
    """
    for step in steps:
        lower = -math.inf if step.lower is None else step.lower
        upper = math.inf if step.upper is None else step.upper
        inside = lower <= distance < upper if above else lower < distance <= upper
        if inside:
            return step
    return None


def adjusted(policy: Policy, step: Step, capacity: int) -> int:
    """The capacity after a step, before any limits."""
    if policy.adjustment_type == EXACT:
        return step.adjustment
    if policy.adjustment_type == PERCENT:
        change = _rounded(capacity * step.adjustment / 100.0)
        if change and abs(change) < policy.minimum_magnitude:
            change = int(math.copysign(policy.minimum_magnitude, change))
        return capacity + change
    return capacity + step.adjustment


def _rounded(change: float) -> int:
    """AWS's rounding of percentages: towards zero, but nothing between 0 and 1 is lost."""
    if 0 < abs(change) < 1:
        return int(math.copysign(1, change))
    return math.trunc(change)


@dataclass(frozen=True)
class Limits:
    """Between what a scalable target's capacity may move."""

    minimum: int
    maximum: int


def decide(
    policy: Policy,
    distance: float,
    *,
    above: bool,
    capacity: int,
    limits: Limits,
    cooldown: Cooldown,
    now: float,
) -> int | None:
    """The new capacity, or None if it stays. Notes in `cooldown` what has been done.

    While it cools down after a scale-out, what that one added counts towards the next; while it
    cools down after a scale-in, no further scale-in happens, but a scale-out does.
    """
    step = step_for(policy.steps, distance, above=above)
    if step is None:
        return None
    base = min(cooldown.out_from, capacity) if now < cooldown.out_until else capacity
    grown = _within(limits, adjusted(policy, step, base))
    if grown > capacity:
        cooldown.out_until, cooldown.out_from = now + policy.cooldown, base
        cooldown.in_until = -math.inf
        return grown
    shrunk = _within(limits, adjusted(policy, step, capacity))
    if shrunk >= capacity or now < cooldown.in_until:
        return None
    cooldown.in_until, cooldown.out_until = now + policy.cooldown, -math.inf
    return shrunk


def _within(limits: Limits, capacity: int) -> int:
    return min(max(capacity, limits.minimum), limits.maximum)
