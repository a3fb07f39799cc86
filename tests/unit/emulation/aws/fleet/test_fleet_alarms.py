"""An alarm's state follows from its points as CloudWatch's documentation says."""

import pytest
from discord_diffusion_emulator.cloudwatch.alarm_rules import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Rule,
    evaluated,
    interval,
)


def rule(missing: str = "missing", points: int = 3, to_alarm: int = 3) -> Rule:
    return Rule("GreaterThanThreshold", 0.0, points, to_alarm, missing)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1, 1], ALARM),
        ([1, 1, 0], OK),
        ([0, 1, 1, 1], ALARM),
        ([1, 1, 1, 0], OK),
        ([None, None, 0], OK),
        ([None, None, None], INSUFFICIENT_DATA),
    ],
)
def test_the_latest_points_decide(values: list[float | None], expected: str) -> None:
    assert evaluated(rule(), values) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("breaching", ALARM), ("notBreaching", OK), ("ignore", None), ("missing", INSUFFICIENT_DATA)],
)
def test_no_points_at_all_count_as_the_alarm_says(missing: str, expected: str | None) -> None:
    assert evaluated(rule(missing), [None] * 5) == expected


def test_some_of_the_points_are_enough() -> None:
    assert evaluated(rule(points=3, to_alarm=1), [0, 1, 0]) == ALARM
    assert evaluated(rule("notBreaching", points=2, to_alarm=1), [None, None, 1]) == ALARM


def test_a_missing_point_is_filled_in_only_where_there_are_too_few() -> None:
    assert evaluated(rule("breaching"), [None, 1, 1]) == ALARM
    assert evaluated(rule("notBreaching"), [None, 1, 1]) == OK
    assert evaluated(rule("notBreaching"), [1, 1, None, 1]) == ALARM


def test_points_that_all_breach_alarm_early_once_the_oldest_is_old_enough() -> None:
    assert evaluated(rule("missing", 3, 2), [1, None, None]) == ALARM
    assert evaluated(rule("ignore", 3, 2), [1, None, None]) is None
    assert evaluated(rule("missing", 3, 2), [None, None, 1]) == OK


def test_short_periods_are_looked_at_every_ten_seconds() -> None:
    assert [interval(period) for period in (10, 30, 60, 300)] == [10, 10, 60, 60]
