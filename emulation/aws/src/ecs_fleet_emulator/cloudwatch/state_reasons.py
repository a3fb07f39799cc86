"""Why an alarm changes its state, in CloudWatch's words; pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .alarm_rules import ALARM, INSUFFICIENT_DATA, Rule

Point = tuple[datetime, float]
"""A data point: when its period began, and its value."""

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_TREATED = {"missing": "Missing", "breaching": "Breaching", "notBreaching": "NonBreaching"}


def state_reason(rule: Rule, state: str, points: Sequence[Point]) -> str:
    """The text for a new state, from the data points that there are, oldest first."""
    latest = list(points)[-rule.evaluation_periods :]
    if not latest:
        periods = rule.evaluation_periods
        word = "Insufficient Data" if state == INSUFFICIENT_DATA else "Threshold Crossed"
        were = "s were" if periods > 1 else " was"
        return (
            f"{word}: no datapoints were received for {periods} period{'s' * (periods > 1)} and"
            f" {periods} missing datapoint{were} treated as [{_TREATED[rule.missing_data]}]."
        )
    if state == ALARM:
        latest = [point for point in latest if rule.breaches(point[1])]
    shown = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in reversed(latest))
    several = len(latest) != 1
    verb = ("were" if several else "was") + ("" if state == ALARM else " not")
    return (
        f"Threshold Crossed: {len(latest)} datapoint{'s' * several} [{shown}] {verb}"
        f" {_COMPARISONS[rule.comparison]} the threshold ({rule.threshold})."
    )


def state_reason_data(alarm: Mapping[str, Any], period: int, points: Sequence[Point]) -> Any:
    """The same as data; `alarm` is as DescribeAlarms shows it."""
    now = datetime.now(UTC)
    data: dict[str, Any] = {
        "version": "1.0",
        "queryDate": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}+0000",
        "period": period,
        "recentDatapoints": [value for _, value in points],
        "threshold": alarm["Threshold"],
    }
    for name, member in (("Statistic", "statistic"), ("Unit", "unit")):
        if alarm.get(name):
            data[member] = alarm[name]
    return data
