"""Step scaling: a metric's distance from its alarm's threshold becomes a new capacity.

https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .cooldowns import Cooldown, CooldownSeconds, Limits, allowed_capacity

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
    limits: Limits,
    cooldown: Cooldown,
    now: float,
) -> int | None:
    """The capacity within the limits after a step, or None if it does not change.

    Updates `cooldown`.
    """
    step = step_for(policy.steps, distance, above=above)
    if step is None:
        return None
    seconds = CooldownSeconds(policy.cooldown, policy.cooldown)
    return allowed_capacity(
        lambda base: adjusted(policy, step, base), capacity, limits, cooldown, seconds, now
    )
