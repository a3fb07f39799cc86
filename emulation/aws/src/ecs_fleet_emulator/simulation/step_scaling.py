"""Step scaling: a metric's distance from its alarm's threshold becomes a new capacity.

https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

PERCENT = "PercentChangeInCapacity"
EXACT = "ExactCapacity"


@dataclass(frozen=True)
class Step:
    """A step adjustment, for distances between two bounds; None is no bound."""

    adjustment: int
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Policy:
    """A step scaling policy."""

    adjustment_type: str
    steps: Sequence[Step]
    cooldown: float = 300.0
    minimum_magnitude: int = 0


@dataclass
class Cooldown:
    """The cooldowns of a scalable target; `out_from`: the capacity before the last scale-out."""

    out_until: float = -math.inf
    out_from: int = 0
    in_until: float = -math.inf


def step_for(steps: Sequence[Step], distance: float, *, above: bool) -> Step | None:
    """The step for a metric that is `distance` from the threshold; None if no step matches.

    With `above` the alarm fires above its threshold, and a step includes its lower bound; else it
    includes its upper bound.
    """
    for step in steps:
        lower = -math.inf if step.lower is None else step.lower
        upper = math.inf if step.upper is None else step.upper
        inside = lower <= distance < upper if above else lower < distance <= upper
        if inside:
            return step
    return None


def adjusted(policy: Policy, step: Step, capacity: int) -> int:
    """The capacity after a step, limits aside."""
    if policy.adjustment_type == EXACT:
        return step.adjustment
    if policy.adjustment_type == PERCENT:
        exact = capacity * step.adjustment / 100.0
        # AWS rounds towards zero, but a fraction of 1 to 1.
        change = int(math.copysign(max(abs(exact), 1), exact)) if exact else 0
        if change and abs(change) < policy.minimum_magnitude:
            change = int(math.copysign(policy.minimum_magnitude, change))
        return capacity + change
    return capacity + step.adjustment


def new_capacity(
    policy: Policy,
    distance: float,
    *,
    above: bool,
    capacity: int,
    minimum: int,
    maximum: int,
    cooldown: Cooldown,
    now: float,
) -> int | None:
    """The capacity from `minimum` to `maximum` after a step, or None if it does not change.

    Updates `cooldown`. During the cooldown of a scale-out, the capacity that it added counts
    towards the next one. During that of a scale-in only a scale-out is possible.
    """
    step = step_for(policy.steps, distance, above=above)
    if step is None:
        return None
    base = min(cooldown.out_from, capacity) if now < cooldown.out_until else capacity
    grown = min(max(adjusted(policy, step, base), minimum), maximum)
    if grown > capacity:
        cooldown.out_until, cooldown.out_from = now + policy.cooldown, base
        cooldown.in_until = -math.inf
        return grown
    shrunk = min(max(adjusted(policy, step, capacity), minimum), maximum)
    if shrunk >= capacity or now < cooldown.in_until:
        return None
    cooldown.in_until, cooldown.out_until = now + policy.cooldown, -math.inf
    return shrunk
