"""An alarm says in CloudWatch's words why it changes its state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecs_fleet_emulator.cloudwatch.alarm_rules import ALARM, INSUFFICIENT_DATA, OK, Rule
from ecs_fleet_emulator.cloudwatch.state_reasons import state_reason, state_reason_data

START = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


def points(*values: float) -> list[tuple[datetime, float]]:
    """Data points of a minute each."""
    return [(START + timedelta(minutes=i), value) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("state", "values", "periods", "expected"),
    [
        (
            ALARM,
            (21.5,),
            1,
            "1 datapoint [21.5 (30/11/26 10:00:00)] was greater than the threshold (21.0).",
        ),
        (
            ALARM,
            (20.0, 22.0, 23.0),
            3,
            "2 datapoints [23.0 (30/11/26 10:02:00), 22.0 (30/11/26 10:01:00)] were greater than"
            " the threshold (21.0).",
        ),
        (
            OK,
            (30.0, 20.0),
            1,
            "1 datapoint [20.0 (30/11/26 10:01:00)] was not greater than the threshold (21.0).",
        ),
    ],
)
def test_the_data_points_that_decided_are_named_newest_first(
    state: str, values: tuple[float, ...], periods: int, expected: str
) -> None:
    rule = Rule("GreaterThanThreshold", 21.0, periods, periods)
    assert state_reason(rule, state, points(*values)) == f"Threshold Crossed: {expected}"


@pytest.mark.parametrize(
    ("state", "missing", "periods", "expected"),
    [
        (
            ALARM,
            "breaching",
            2,
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints"
            " were treated as [Breaching].",
        ),
        (
            OK,
            "notBreaching",
            1,
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint"
            " was treated as [NonBreaching].",
        ),
        (
            INSUFFICIENT_DATA,
            "missing",
            1,
            "Insufficient Data: no datapoints were received for 1 period and 1 missing datapoint"
            " was treated as [Missing].",
        ),
    ],
)
def test_without_data_points_it_is_said_how_missing_ones_are_treated(
    state: str, missing: str, periods: int, expected: str
) -> None:
    rule = Rule("GreaterThanThreshold", 21.0, periods, periods, missing)
    assert state_reason(rule, state, []) == expected


def test_the_data_names_statistic_and_unit_if_the_alarm_has_them() -> None:
    alarm: dict[str, Any] = {"Threshold": 2.0, "Statistic": "Average", "Unit": "Seconds"}
    data = state_reason_data(alarm, 30, points(1.0))
    assert data.pop("queryDate").endswith("+0000")
    assert data == {
        "version": "1.0",
        "period": 30,
        "recentDatapoints": [1.0],
        "threshold": 2.0,
        "statistic": "Average",
        "unit": "Seconds",
    }
    assert "unit" not in state_reason_data({"Threshold": 2.0}, 30, [])
