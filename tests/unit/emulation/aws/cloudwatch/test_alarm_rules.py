"""An alarm's state follows from its data points as CloudWatch documents it."""

import pytest

from ecs_fleet_emulator.cloudwatch.alarm_rules import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Rule,
    evaluate,
    evaluation_interval,
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
def test_the_latest_data_points_decide(values: list[float | None], expected: str) -> None:
    assert evaluate(rule(), values) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("breaching", ALARM), ("notBreaching", OK), ("ignore", None), ("missing", INSUFFICIENT_DATA)],
)
def test_without_data_points_the_missing_data_setting_decides(
    missing: str, expected: str | None
) -> None:
    assert evaluate(rule(missing), [None] * 5) == expected


def test_fewer_data_points_than_evaluated_can_alarm() -> None:
    assert evaluate(rule(points=3, to_alarm=1), [0, 1, 0]) == ALARM
    assert evaluate(rule("notBreaching", points=2, to_alarm=1), [None, None, 1]) == ALARM


def test_missing_data_is_filled_in_only_if_there_are_too_few_data_points() -> None:
    assert evaluate(rule("breaching"), [None, 1, 1]) == ALARM
    assert evaluate(rule("notBreaching"), [None, 1, 1]) == OK
    assert evaluate(rule("notBreaching"), [1, 1, None, 1]) == ALARM


def test_data_points_that_all_breach_alarm_early_once_the_oldest_is_old_enough() -> None:
    assert evaluate(rule("missing", 3, 2), [1, None, None]) == ALARM
    assert evaluate(rule("ignore", 3, 2), [1, None, None]) is None
    assert evaluate(rule("missing", 3, 2), [None, None, 1]) == OK


def test_alarms_with_short_periods_are_evaluated_every_ten_seconds() -> None:
    assert [evaluation_interval(period) for period in (10, 30, 60, 300)] == [10, 10, 60, 60]
