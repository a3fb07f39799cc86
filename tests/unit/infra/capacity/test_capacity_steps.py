"""Step adjustments and cooldowns have the effect that they have at Application Auto Scaling."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.fleet.demand import (
    Observation,
    ScalingTarget,
    desired_tasks,
    measure,
)
from discord_diffusion.fleet.work import Work
from infra.capacity.step_scaling import (
    MAXIMUM_STEPS,
    SHORTFALL_THRESHOLD,
    SIZES_FILE,
    SURPLUS_THRESHOLD,
    Cooldown,
    StepAdjustment,
    adjustment_for,
    scale_in_steps,
    scale_out_steps,
    sizes_file_content,
)

maxima = st.integers(1, 5000)


class InvalidStepsError(ValueError):
    """Application Auto Scaling would refuse these steps; the text says which rule they break."""


def _lower(step: StepAdjustment) -> float:
    return float("-inf") if step.lower_bound is None else step.lower_bound


def check_steps(steps: Sequence[StepAdjustment]) -> None:
    """Apply the rules by which Application Auto Scaling accepts steps.

    Raises:
        InvalidStepsError: a rule is broken.
    """
    if not 1 <= len(steps) <= MAXIMUM_STEPS:
        raise InvalidStepsError(f"{len(steps)} steps; allowed are 1 to {MAXIMUM_STEPS}")
    ordered = sorted(steps, key=_lower)
    for step in ordered:
        if step.lower_bound is None and step.upper_bound is None:
            raise InvalidStepsError("a step has neither a lower nor an upper bound")
        if step.upper_bound is not None and _lower(step) >= step.upper_bound:
            raise InvalidStepsError(f"{step} ends before it begins")
    for step, following in pairwise(ordered):
        if step.upper_bound is None or step.upper_bound != following.lower_bound:
            raise InvalidStepsError(f"{step} and {following} overlap or leave a gap")
    first, last = ordered[0].lower_bound, ordered[-1].upper_bound
    if first is not None and first < 0:
        raise InvalidStepsError(f"the lowest bound is {first}; below the threshold it must be open")
    if last is not None and last > 0:
        raise InvalidStepsError(f"the highest bound is {last}; above the threshold it must be open")


# The two examples of the API reference: an alarm with a threshold of 50.
@pytest.mark.parametrize(
    ("step", "inside", "outside"),
    [
        (StepAdjustment(0, 10, 1), [50, 55, 59.9], [49.9, 60]),
        (StepAdjustment(-10, 0, -1), [40.1, 45, 49.9], [40, 50.1]),
        (StepAdjustment(-10, -1, -1), [40.1, 49], [40, 49.1]),
        (StepAdjustment(None, -1, -1), [-1e9, 49], [49.1, 50]),
        (StepAdjustment(2, None, 1), [52, 1e9], [51.9, 49]),
    ],
)
def test_bounds_are_relative_to_the_threshold(
    step: StepAdjustment, inside: list[float], outside: list[float]
) -> None:
    assert all(adjustment_for([step], 50, value) == step.change for value in inside)
    assert all(adjustment_for([step], 50, value) is None for value in outside)


@given(maxima, st.integers(1, MAXIMUM_STEPS))
def test_application_auto_scaling_accepts_the_steps(maximum: int, limit: int) -> None:
    for steps in (scale_out_steps(maximum, limit), scale_in_steps(maximum, limit)):
        check_steps(steps)
        assert len(steps) <= limit


@given(maxima, st.integers(1, 6000))
def test_a_step_adds_at_least_half_of_the_shortfall_and_no_more_than_all_of_it(
    maximum: int, short: int
) -> None:
    change = adjustment_for(scale_out_steps(maximum), SHORTFALL_THRESHOLD, short)
    assert change is not None
    assert min(short, maximum) / 2 <= change <= short


@given(maxima, st.integers(1, 6000))
def test_scaling_in_mirrors_scaling_out(maximum: int, count: int) -> None:
    change_out = adjustment_for(scale_out_steps(maximum), SHORTFALL_THRESHOLD, count)
    change_in = adjustment_for(scale_in_steps(maximum), SURPLUS_THRESHOLD, count)
    assert change_out is not None
    assert change_in == -change_out


@given(st.integers(1, MAXIMUM_STEPS), st.integers(0, 500), st.integers(0, 20))
def test_a_small_fleet_has_the_wanted_tasks_after_one_step(
    maximum: int, backlog: int, asked: int
) -> None:
    target = ScalingTarget(10, 1, 60, 0, maximum)
    observation = Observation(Work.usual(backlog, 1.0), 0, min(asked, maximum), 0)
    change = adjustment_for(
        scale_out_steps(maximum), SHORTFALL_THRESHOLD, measure(observation, target).shortfall
    )
    assert target.clamp(observation.asked_for + (change or 0)) == max(
        desired_tasks(observation, target), observation.asked_for
    )


@given(maxima, st.integers(0, 30_000))
def test_a_large_fleet_comes_within_one_step_and_never_past_the_wanted_tasks(
    maximum: int, backlog: int
) -> None:
    target = ScalingTarget(10, 1, 60, 0, maximum)
    steps = scale_out_steps(maximum)
    sizes = [step.change for step in steps]
    observation = Observation(Work.usual(backlog, 1.0), 0, 0, 0)
    wanted = desired_tasks(observation, target)
    got = adjustment_for(steps, SHORTFALL_THRESHOLD, measure(observation, target).shortfall) or 0
    next_size = min((size for size in sizes if size > got), default=maximum + 1)
    assert got <= wanted < next_size


@given(maxima, st.integers(0, 30_000))
def test_repeated_steps_end_at_the_wanted_tasks(maximum: int, backlog: int) -> None:
    target = ScalingTarget(10, 1, 60, 0, maximum)
    steps = scale_out_steps(maximum)
    desired, steps_taken = 0, 0
    while short := measure(Observation(Work.usual(backlog, 1.0), 0, 0, desired), target).shortfall:
        desired += adjustment_for(steps, SHORTFALL_THRESHOLD, short) or 0
        steps_taken += 1
        assert steps_taken <= 13  # each step at least halves the shortfall
    assert desired == desired_tasks(Observation(Work.usual(backlog, 1.0), 0, 0, 0), target)


@pytest.mark.parametrize(
    ("maximum", "limit", "sizes"),
    [
        (1, 20, [1]),
        (5, 5, [1, 2, 3, 4, 5]),
        (20, 20, [*range(1, 21)]),
        (21, 20, [*range(1, 20), 21]),
        (30, 20, [*range(1, 13), 14, 16, 18, 20, 23, 26, 29, 30]),
        (100, 5, [1, 3, 10, 32, 100]),
        (5, 2, [1, 5]),
        (9, 1, [1]),
    ],
)
def test_steps_are_one_two_three_as_far_as_they_go_then_grow_by_one_factor(
    maximum: int, limit: int, sizes: list[int]
) -> None:
    out, back = scale_out_steps(maximum, limit), scale_in_steps(maximum, limit)
    assert [step.change for step in out] == sizes
    assert [step.change for step in back] == [-size for size in sizes]
    assert [step.lower_bound for step in out] == [size - 1 for size in sizes]
    assert [step.upper_bound for step in out] == [*(size - 1 for size in sizes[1:]), None]


def test_without_shortfall_or_surplus_there_is_no_step() -> None:
    assert adjustment_for(scale_out_steps(10), SHORTFALL_THRESHOLD, 0) is None
    assert adjustment_for(scale_in_steps(10), SURPLUS_THRESHOLD, 0) is None


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ([], "0 steps"),
        ([StepAdjustment(float(n), float(n + 1), 1) for n in range(21)], "21 steps"),
        ([StepAdjustment(None, None, 1)], "neither"),
        ([StepAdjustment(3, 2, 1)], "ends before"),
        ([StepAdjustment(0, 2, 1), StepAdjustment(3, None, 2)], "gap"),
        ([StepAdjustment(0, 3, 1), StepAdjustment(2, None, 2)], "overlap"),
        ([StepAdjustment(0, None, 1), StepAdjustment(2, None, 2)], "overlap"),
        ([StepAdjustment(-5, 0, 1)], "lowest bound"),
        ([StepAdjustment(0, 5, 1)], "highest bound"),
    ],
)
def test_steps_that_the_service_refuses_are_refused_with_the_rule(
    steps: list[StepAdjustment], rule: str
) -> None:
    with pytest.raises(InvalidStepsError, match=rule):
        check_steps(steps)


def test_a_fleet_of_no_task_has_no_steps() -> None:
    with pytest.raises(ValueError, match="maximum is 0"):
        scale_out_steps(0)
    with pytest.raises(ValueError, match="limit is 21"):
        scale_out_steps(5, 21)


def test_during_the_cooldown_only_the_excess_over_what_was_added_is_added() -> None:
    # The example of the API reference: 2 are added; 3 during the cooldown adds 1 more.
    target = Cooldown(out_seconds=300, in_seconds=300)
    assert target.scale_out(0, 4, 2, 100) == 6
    assert target.scale_out(60, 6, 2, 100) == 6
    assert target.scale_out(120, 6, 3, 100) == 7
    assert target.scale_out(420, 7, 2, 100) == 9


def test_scale_in_is_blocked_by_its_cooldown_and_freed_by_a_scale_out() -> None:
    target = Cooldown(out_seconds=30, in_seconds=300)
    assert target.scale_in(0, 5, -1, 0) == 4
    assert target.scale_in(60, 4, -1, 0) == 4
    assert target.scale_out(90, 4, 1, 10) == 5
    assert target.scale_in(120, 5, -9, 2) == 2


def test_a_count_never_passes_its_maximum() -> None:
    assert Cooldown(30, 30).scale_out(0, 9, 5, 10) == 10


def test_each_addition_of_a_cooldown_counts() -> None:
    target = Cooldown(out_seconds=300, in_seconds=300)
    assert target.scale_out(0, 1, 1, 100) == 2
    assert target.scale_out(10, 2, 3, 100) == 4
    assert target.scale_out(20, 4, 4, 100) == 5


def test_nothing_to_add_does_not_prolong_the_cooldown() -> None:
    target = Cooldown(out_seconds=300, in_seconds=300)
    assert target.scale_out(0, 4, 2, 100) == 6
    assert target.scale_out(299, 6, 2, 100) == 6
    assert target.scale_out(300, 6, 2, 100) == 8


def test_a_scale_out_frees_a_scale_in_at_once() -> None:
    target = Cooldown(out_seconds=30, in_seconds=300)
    assert target.scale_out(0, 4, 1, 10) == 5
    assert target.scale_in(0.5, 5, -1, 0) == 4


def test_a_count_at_its_minimum_starts_no_cooldown() -> None:
    target = Cooldown(out_seconds=30, in_seconds=300)
    assert target.scale_in(0, 2, -1, 2) == 2
    assert target.scale_in(1, 5, -1, 2) == 4


def test_the_sizes_file_is_up_to_date() -> None:
    assert SIZES_FILE.read_text() == sizes_file_content(), (
        "run `python -m infra.capacity step-sizes`"
    )
