"""A scalable target of Application Auto Scaling, or a group of EC2 Auto Scaling: its cooldowns.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepScalingPolicyConfiguration.html
"""

from dataclasses import dataclass


@dataclass
class Cooldown:
    """What has been added lately, and until when nothing may be taken."""

    out_seconds: float
    in_seconds: float
    _out_until: float = 0.0
    _added: int = 0
    _in_until: float = 0.0

    def scale_out(self, now: float, desired: int, change: int, maximum: int) -> int:
        """The new desired count: during the cooldown only what exceeds what was added before."""
        if now >= self._out_until:
            self._added = 0
        extra = min(change - self._added, maximum - desired)
        if extra <= 0:
            return desired
        self._added += extra
        self._out_until = now + self.out_seconds
        self._in_until = 0.0
        return desired + extra

    def scale_in(self, now: float, desired: int, change: int, minimum: int) -> int:
        """The new desired count; `change` is negative. Blocked during its cooldown."""
        if now < self._in_until or desired <= minimum:
            return desired
        self._in_until = now + self.in_seconds
        return max(minimum, desired + change)
