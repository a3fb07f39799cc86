"""Metric math is evaluated for one point in time, as CloudWatch does it for alarms."""

import pytest

from ecs_fleet_emulator.cloudwatch.metric_math import Expression
from ecs_fleet_emulator.errors import UnsupportedExpressionError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IF(wanted > 0 AND running < 1, 1, 0)", 1.0),
        ("IF(wanted > 0 && running >= 1, 1, 0)", 0.0),
        ("(wanted - running) * 100 / wanted", 100.0),
        ("2 ^ wanted", 8.0),
        ("-wanted + 1", -2.0),
        ("wanted == 3 OR running != 0", 1.0),
        ("MAX([wanted, running])", 3.0),
        ("AVG([wanted, running])", 1.5),
        ("FLOOR(wanted / 2)", 1.0),
    ],
)
def test_an_expression_is_evaluated(text: str, expected: float) -> None:
    assert Expression(text).evaluate({"wanted": 3.0, "running": 0.0}) == expected


def test_missing_data_makes_the_value_missing_unless_it_is_filled_in() -> None:
    assert Expression("a + b").evaluate({"a": 1.0, "b": None}) is None
    assert Expression("IF(b > 0, 1, 0)").evaluate({"b": None}) is None
    assert Expression("FILL(b, 0) + 1").evaluate({"b": None}) == 1.0
    assert Expression("SUM([a, b])").evaluate({"a": 1.0, "b": None}) == 1.0
    assert Expression("1 / a").evaluate({"a": 0.0}) is None


def test_an_expression_names_the_metrics_that_it_needs() -> None:
    assert Expression("IF(m1 > FILL(m2, 0), 1, 0)").ids == {"m1", "m2"}


@pytest.mark.parametrize(
    "text",
    [
        "ANOMALY_DETECTION_BAND(m1, 2)",
        "SEARCH('x', 'Sum')",
        "RATE(m1)",
        "m1 >",
        "m1.real",
        "__import__('os')",
        "MAX(METRICS())",
        "IF(m1, 1)",
    ],
)
def test_an_unsupported_expression_is_refused_at_once(text: str) -> None:
    with pytest.raises(UnsupportedExpressionError):
        Expression(text)
