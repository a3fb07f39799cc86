"""Step adjustments for Application Auto Scaling, as data, and their meaning.

`scale_out_steps` and `scale_in_steps` turn a shortfall or a surplus (see `demand`) into the steps
of a step scaling policy with adjustment type `ChangeInCapacity`. `adjustment_for` reads steps as
the service does. Contract:
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepAdjustment.html
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

# Default quota "Step adjustments per step scaling policy":
# https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
MAXIMUM_STEPS = 20

# Both alarms compare with GreaterThanOrEqualToThreshold: one task short, or one task spare.
SHORTFALL_THRESHOLD = 1
SURPLUS_THRESHOLD = 1


class InvalidStepsError(ValueError):
    """Steps that Application Auto Scaling would refuse; the text says which rule they break."""


@dataclass(frozen=True)
class StepAdjustment:
    """One step. Bounds are relative to the alarm's threshold; None is unbounded."""

    lower_bound: float | None
    upper_bound: float | None
    change: int

    def holds(self, difference: float) -> bool:
        """Whether this step covers `difference`, the metric's value less the threshold.

        At or above the threshold the lower bound is inclusive and the upper exclusive; below it,
        the other way round.
        """
        lower = float("-inf") if self.lower_bound is None else self.lower_bound
        upper = float("inf") if self.upper_bound is None else self.upper_bound
        if difference >= 0:
            return lower <= difference < upper
        return lower < difference <= upper


def _rank(step: StepAdjustment) -> float:
    return float("-inf") if step.lower_bound is None else step.lower_bound


def check_steps(steps: Sequence[StepAdjustment]) -> None:
    """Raise InvalidStepsError unless Application Auto Scaling would take these steps."""
    if not 1 <= len(steps) <= MAXIMUM_STEPS:
        raise InvalidStepsError(f"{len(steps)} steps; allowed are 1 to {MAXIMUM_STEPS}")
    ordered = sorted(steps, key=_rank)
    for step in ordered:
        if step.lower_bound is None and step.upper_bound is None:
            raise InvalidStepsError("a step has neither a lower nor an upper bound")
        if step.upper_bound is not None and _rank(step) >= step.upper_bound:
            raise InvalidStepsError(f"{step} ends before it begins")
    for step, following in pairwise(ordered):
        if step.upper_bound is None or step.upper_bound != following.lower_bound:
            raise InvalidStepsError(f"{step} and {following} overlap or leave a gap")
    first, last = ordered[0].lower_bound, ordered[-1].upper_bound
    if first is not None and first < 0:
        raise InvalidStepsError(f"the lowest bound is {first}; below the threshold it must be open")
    if last is not None and last > 0:
        raise InvalidStepsError(f"the highest bound is {last}; above the threshold it must be open")


def adjustment_for(steps: Iterable[StepAdjustment], threshold: float, value: float) -> int | None:
    """The change that Application Auto Scaling makes for `value`; None where no step covers it."""
    for step in steps:
        if step.holds(value - threshold):
            return step.change
    return None


def _sizes(maximum: int, limit: int) -> list[int]:
    """The sizes a change can have: every size where `limit` allows, else ever wider apart.

    Sizes 1, 2, 3, ... as far as they go, then growing by the smallest common factor with which
    the last one reaches `maximum`.
    """
    if maximum < 1:
        raise ValueError(f"maximum is {maximum}; steps need a fleet of at least one task")
    if not 1 <= limit <= MAXIMUM_STEPS:
        raise ValueError(f"limit is {limit}; allowed are 1 to {MAXIMUM_STEPS} steps")
    if maximum <= limit:
        return list(range(1, maximum + 1))
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
    uppers: list[float | None] = [float(size - 1) for size in sizes[1:]]
    uppers.append(None)
    steps = tuple(
        StepAdjustment(float(size - 1), upper, sign * size)
        for size, upper in zip(sizes, uppers, strict=True)
    )
    check_steps(steps)
    return steps


def scale_out_steps(maximum: int, limit: int = MAXIMUM_STEPS) -> tuple[StepAdjustment, ...]:
    """Steps that answer a shortfall (alarm at SHORTFALL_THRESHOLD) in a fleet of up to `maximum`.

    A shortfall is answered by the largest size that does not exceed it: with a maximum of at
    most `limit` the count is exact after one step; with more, a step never overshoots and the
    next look, with a smaller shortfall, takes the rest.
    """
    return _steps(maximum, limit, 1)


def scale_in_steps(maximum: int, limit: int = MAXIMUM_STEPS) -> tuple[StepAdjustment, ...]:
    """Steps that answer a surplus (alarm at SURPLUS_THRESHOLD): as above, with less instead."""
    return _steps(maximum, limit, -1)


def as_terraform(steps: Iterable[StepAdjustment]) -> list[dict[str, float | int | None]]:
    """The steps with the names of Terraform's `step_adjustment` block; None means leave it out."""
    return [
        {
            "metric_interval_lower_bound": step.lower_bound,
            "metric_interval_upper_bound": step.upper_bound,
            "scaling_adjustment": step.change,
        }
        for step in steps
    ]
