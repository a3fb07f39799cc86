"""Step scaling policies change a capacity as Application Auto Scaling does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs_fleet_emulator.simulation.cooldowns import Cooldown, Limits
from ecs_fleet_emulator.simulation.step_scaling import (
    Policy,
    Step,
    new_capacity,
    step_for,
)

OUT = Policy("ChangeInCapacity", (Step(1, 0, 5), Step(3, 5, None)), cooldown=60)
IN = Policy("ChangeInCapacity", (Step(-1, None, 0),), cooldown=60)


def after(
    policy: Policy,
    distance: float,
    capacity: int,
    *,
    now: float = 0.0,
    cooldown: Cooldown | None = None,
    above: bool | None = None,
) -> int | None:
    """The new capacity."""
    return new_capacity(
        policy,
        distance,
        above=policy is not IN if above is None else above,
        capacity=capacity,
        limits=Limits(0, 10),
        cooldown=cooldown or Cooldown(),
        now=now,
    )


def test_above_the_threshold_a_step_includes_its_lower_bound_only() -> None:
    assert step_for(OUT.steps, 0, above=True) == OUT.steps[0]
    assert step_for(OUT.steps, 5, above=True) == OUT.steps[1]
    assert step_for(OUT.steps, -0.1, above=True) is None


def test_below_the_threshold_a_step_includes_its_upper_bound_only() -> None:
    steps = (Step(-1, -5, 0), Step(-3, None, -5))
    assert step_for(steps, 0, above=False) == steps[0]
    assert step_for(steps, -5, above=False) == steps[1]


@pytest.mark.parametrize(
    ("kind", "adjustment", "minimum", "capacity", "expected"),
    [
        ("ChangeInCapacity", 2, 0, 3, 5),
        ("ExactCapacity", 4, 0, 1, 4),
        ("PercentChangeInCapacity", 50, 0, 3, 4),
        ("PercentChangeInCapacity", 10, 0, 3, 4),
        ("PercentChangeInCapacity", 50, 3, 4, 7),
        ("ChangeInCapacity", 20, 0, 3, 10),
    ],
)
def test_each_adjustment_type_changes_the_capacity_as_documented(
    kind: str, adjustment: int, minimum: int, capacity: int, expected: int
) -> None:
    policy = Policy(kind, (Step(adjustment, 0, None),), 60, minimum)
    assert after(policy, 1, capacity) == expected


def test_capacity_that_was_just_added_counts_during_the_cooldown() -> None:
    cooldown = Cooldown()
    assert after(OUT, 1, 0, cooldown=cooldown) == 1
    assert after(OUT, 1, 1, now=30, cooldown=cooldown) is None
    assert after(OUT, 9, 1, now=30, cooldown=cooldown) == 3
    assert after(OUT, 1, 3, now=100, cooldown=cooldown) == 4


def test_scale_in_waits_for_its_cooldown_but_scale_out_does_not() -> None:
    cooldown = Cooldown()
    assert after(IN, 0, 5, cooldown=cooldown) == 4
    assert after(IN, 0, 4, now=59, cooldown=cooldown) is None
    assert after(OUT, 1, 4, now=59, cooldown=cooldown) == 5
    assert after(IN, 0, 5, now=121, cooldown=cooldown) == 4


def test_scale_in_does_not_wait_for_the_cooldown_of_a_scale_out() -> None:
    cooldown = Cooldown()
    assert after(OUT, 1, 0, cooldown=cooldown) == 1
    assert after(IN, 0, 1, now=1, cooldown=cooldown) == 0
    assert after(OUT, 1, 0, now=2, cooldown=cooldown) == 1


@given(st.floats(-100, 100), st.integers(0, 10), st.booleans())
def test_a_new_capacity_is_always_within_the_limits(
    distance: float, capacity: int, above: bool
) -> None:
    for policy in (OUT, IN):
        found = after(policy, distance, capacity, above=above)
        assert found is None or 0 <= found <= 10
