"""The pace that estimates use: by work, whatever a few batches took."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.fleet.demand import ScalingTarget
from discord_diffusion.fleet.pace import (
    FORGOTTEN_AFTER,
    REMEMBERED_BATCHES,
    DrawnBatch,
    MeasuredPace,
    seconds_per_unit,
)
from discord_diffusion.fleet.state import FleetState

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def pace(*batches: tuple[float, float], configured: float = 2.0, weight: float = 8.0) -> float:
    """The pace after batches of (units, seconds)."""
    drawn = [DrawnBatch(*batch) for batch in batches]
    return seconds_per_unit(drawn, configured=configured, configured_units=weight)


def test_the_configured_pace_is_used_until_anything_is_measured() -> None:
    assert pace() == 2.0


def test_two_slow_jobs_do_not_change_the_pace() -> None:
    """Two small jobs with many steps, which took 60 s each on a fresh fleet."""
    assert pace((1, 60), (1, 60)) == 2.0


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([(7.9, 79)], 2.0),
        ([(8.1, 81)], 10.0),
        ([(7.9, 7.9)], 2.0),
        ([(8, 8)], 1.0),
        ([(8.1, 8.1)], 1.0),
        ([(4, 4), (4, 20), (20, 60)], 3.0),
        ([(20, 60), (4, 20), (4, 4)], 3.0),
    ],
)
def test_the_pace_is_the_median_by_units_with_the_configured_one_among_them(
    batches: list[tuple[float, float]], expected: float
) -> None:
    assert pace(*batches) == pytest.approx(expected)


def test_small_batches_count_little_beside_large_ones() -> None:
    assert pace(*[(0.1, 5)] * 20, (40, 40)) == 1.0


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 1000)), max_size=20))
def test_batches_of_less_than_half_of_all_work_cannot_move_the_pace_beyond_the_others(
    slow: list[tuple[float, float]],
) -> None:
    others = sum(units for units, _ in slow) + 1
    found = pace(*slow, (others, 3 * others), configured=2.0, weight=1.0)
    assert found <= max(3.0, 2.0) or found == pytest.approx(3.0)


def test_a_whole_memory_of_one_unit_jobs_weighs_no_more_than_the_configured_pace() -> None:
    target = ScalingTarget(40.0, 1, 60.0, 0, 4, units_per_job=4)
    slow = (DrawnBatch(1, 500),) * REMEMBERED_BATCHES
    state = FleetState(pace=MeasuredPace(slow, NOW))
    assert state.seconds_per_unit(target, NOW) == 10.0


def test_usual_jobs_set_the_pace_once_there_are_more_than_eight_of_them() -> None:
    target = ScalingTarget(40.0, 1, 60.0, 0, 4, units_per_job=4)
    slow = MeasuredPace((DrawnBatch(4, 80),) * 8, NOW)
    assert FleetState(pace=slow).seconds_per_unit(target, NOW) == 10.0
    slower = replace(slow, batches=(DrawnBatch(4, 80),) * 9)
    assert FleetState(pace=slower).seconds_per_unit(target, NOW) == 20.0


def test_what_was_measured_a_day_ago_is_forgotten() -> None:
    target = ScalingTarget(10.0, 1, 60.0, 0, 4)
    state = FleetState(pace=MeasuredPace((DrawnBatch(100, 300),), NOW))
    assert state.seconds_per_unit(target, NOW + FORGOTTEN_AFTER) == 3.0
    later = NOW + FORGOTTEN_AFTER + timedelta(seconds=1)
    assert state.seconds_per_unit(target, later) == 10.0
