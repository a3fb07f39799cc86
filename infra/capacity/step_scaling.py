"""AWS's step scaling: step adjustments, the choice among them, and cooldowns.

`scale_out_steps` and `scale_in_steps` turn a shortfall or a surplus (see
`discord_diffusion.fleet.demand`) into the steps of a policy with adjustment type
`ChangeInCapacity`. Terraform computes the same steps; the sizes that HCL cannot compute are in
`sizes.json`, which `python -m infra.capacity step-sizes` writes.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepAdjustment.html
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MAXIMUM_STEPS = 20
"""Default quota "Step adjustments per step scaling policy":
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
"""
SHORTFALL_THRESHOLD = 1
SURPLUS_THRESHOLD = 1
"""Both alarms compare with GreaterThanOrEqualToThreshold: one task missing, or one task spare."""
MAXIMUM_TASKS = 200
"""The largest fleet that Terraform has steps for."""
SIZES_FILE = Path(__file__).parents[1] / "modules" / "step_adjustments" / "sizes.json"


@dataclass(frozen=True)
class StepAdjustment:
    """One step. Bounds are relative to the alarm's threshold; None is unbounded."""

    lower_bound: float | None
    upper_bound: float | None
    change: int

    def covers(self, difference: float) -> bool:
        """Whether this step is for `difference`, the metric's value less the threshold.

        At or above the threshold the lower bound is inclusive and the upper exclusive; below it,
        the other way round.
        """
        lower = float("-inf") if self.lower_bound is None else self.lower_bound
        upper = float("inf") if self.upper_bound is None else self.upper_bound
        if difference >= 0:
            return lower <= difference < upper
        return lower < difference <= upper


def adjustment_for(steps: Iterable[StepAdjustment], threshold: float, value: float) -> int | None:
    """The change that Application Auto Scaling makes for a metric's `value`; None for no change."""
    return next((step.change for step in steps if step.covers(value - threshold)), None)


def _sizes(maximum: int, limit: int) -> list[int]:
    """The sizes of the changes: 1, 2, 3, ... to `maximum`, or at most `limit` sizes.

    Where the limit binds, sizes grow by the smallest common factor with which the last one reaches
    `maximum`.
    """
    if maximum < 1:
        raise ValueError(f"maximum is {maximum}; steps need a fleet of at least one task")
    if not 1 <= limit <= MAXIMUM_STEPS:
        raise ValueError(f"limit is {limit}; allowed are 1 to {MAXIMUM_STEPS} steps")
    if limit == 1:
        return [1]
    growth = 1.0
    sizes: list[int] = []
    while not sizes or sizes[-1] < maximum:
        growth *= 1.01
        sizes = [1]
        while len(sizes) < limit and sizes[-1] < maximum:
            sizes.append(min(maximum, max(sizes[-1] + 1, round(sizes[-1] * growth))))
    return sizes


def _steps(maximum: int, limit: int, sign: int) -> tuple[StepAdjustment, ...]:
    sizes = _sizes(maximum, limit)
    uppers: list[float | None] = [*(float(size - 1) for size in sizes[1:]), None]
    return tuple(
        StepAdjustment(float(size - 1), upper, sign * size)
        for size, upper in zip(sizes, uppers, strict=True)
    )


def scale_out_steps(maximum: int, limit: int = MAXIMUM_STEPS) -> tuple[StepAdjustment, ...]:
    """Steps for a shortfall (alarm at SHORTFALL_THRESHOLD) in a fleet of up to `maximum` tasks.

    The change is the largest size that does not exceed the shortfall. With a maximum of at most
    `limit` the count is right after one step; with more, a step never overshoots, and the next
    observation, with a smaller shortfall, adds the rest.
    """
    return _steps(maximum, limit, 1)


def scale_in_steps(maximum: int, limit: int = MAXIMUM_STEPS) -> tuple[StepAdjustment, ...]:
    """Steps for a surplus (alarm at SURPLUS_THRESHOLD): the same sizes, negative."""
    return _steps(maximum, limit, -1)


def sizes_file_content() -> str:
    """The content of `sizes.json`: by a fleet's maximum, the size of each step.

    The sizes of a fleet are one text: Terraform takes four times as long to read numbers.
    """
    maxima = range(MAXIMUM_STEPS + 1, MAXIMUM_TASKS + 1)
    sizes = {maximum: " ".join(map(str, _sizes(maximum, MAXIMUM_STEPS))) for maximum in maxima}
    lines = (f'  "{maximum}": "{text}"' for maximum, text in sizes.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


@dataclass
class Cooldown:
    """The cooldowns of one scalable target, after scaling out and after scaling in.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepScalingPolicyConfiguration.html
    """

    out_seconds: float
    in_seconds: float
    _out_until: float = 0.0
    _added: int = 0
    _in_until: float = 0.0

    def scale_out(self, now: float, desired: int, change: int, maximum: int) -> int:
        """The new desired count.

        During the cooldown, tasks that were added before count towards `change`.
        """
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
        """The new desired count for a negative `change`; during the cooldown it does not change."""
        if now < self._in_until or desired <= minimum:
            return desired
        self._in_until = now + self.in_seconds
        return max(minimum, desired + change)
