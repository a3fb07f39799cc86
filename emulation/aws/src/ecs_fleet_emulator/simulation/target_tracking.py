"""Target tracking: a capacity that follows the ratio of a metric to its target.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, field

HIGH_PERIODS, LOW_PERIODS = 3, 15
"""The periods after which the alarms for scale-out and scale-in fire."""


@dataclass
class ScaleInVotes:
    """What a target's policies would scale in to: all have to agree, and the most is taken.

    A vote counts until its policy's alarm is evaluated again.
    """

    votes: dict[str, tuple[int, float]] = field(default_factory=dict)

    def cast(self, policy: str, capacity: int, until: float) -> None:
        """Note that a policy would scale in to a capacity."""
        self.votes[policy] = (capacity, until)

    def agreed(self, policies: Collection[str], now: float) -> int | None:
        """The capacity on which all the policies agree; None if one would not scale in."""
        current = {name: vote for name, vote in self.votes.items() if vote[1] >= now}
        if not set(policies) <= set(current):
            return None
        return max(current[policy][0] for policy in policies)


def proportional_capacity(capacity: int, value: float, target: float) -> int:
    """The capacity with which the metric `value` would be at its target.

    Without capacity one unit counts, so that a metric of waiting work can wake a target. AWS
    documents no formula; this is the proportion that its guide describes.
    """
    return math.ceil(round(max(capacity, 1) * value / target, 6))


def unsupported_target(target: float) -> str:
    """Why a target can't be tracked, of which there is no proportion; empty if it can."""
    return "" if target > 0 else f"the target {target:g}, which is not more than 0"


def low_threshold(target: float, share: float) -> float:
    """The threshold of the alarm for scale-in, a share of the target."""
    return round(target * share, 6)
