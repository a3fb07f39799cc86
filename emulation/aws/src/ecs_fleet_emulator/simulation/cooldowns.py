"""Cooldowns of scaling policies: which change of a capacity is allowed now.

https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Cooldown:
    """The cooldowns of a scalable target; `out_from`: the capacity before the last scale-out."""

    out_until: float = -math.inf
    out_from: int = 0
    in_until: float = -math.inf


@dataclass(frozen=True)
class CooldownSeconds:
    """For how many seconds a policy's scale-out and scale-in count."""

    scale_out: float = 300.0
    scale_in: float = 300.0


@dataclass(frozen=True)
class Limits:
    """The least and the greatest capacity."""

    minimum: int
    maximum: int

    def apply(self, capacity: int) -> int:
        """The capacity within the limits."""
        return min(max(capacity, self.minimum), self.maximum)


def allowed_capacity(
    wanted: Callable[[int], int],
    capacity: int,
    limits: Limits,
    cooldown: Cooldown,
    seconds: CooldownSeconds,
    now: float,
) -> int | None:
    """The capacity that a policy may set now, or None if it does not change.

    `wanted` is the capacity that the policy wants, from the present one. During the cooldown of a
    scale-out, the capacity that it added counts towards the next one. During that of a scale-in
    only a scale-out is possible. Updates `cooldown`.
    """
    base = min(cooldown.out_from, capacity) if now < cooldown.out_until else capacity
    grown = limits.apply(wanted(base))
    if grown > capacity:
        cooldown.out_until, cooldown.out_from = now + seconds.scale_out, base
        cooldown.in_until = -math.inf
        return grown
    shrunk = limits.apply(wanted(capacity))
    if shrunk >= capacity or now < cooldown.in_until:
        return None
    cooldown.in_until, cooldown.out_until = now + seconds.scale_in, -math.inf
    return shrunk
