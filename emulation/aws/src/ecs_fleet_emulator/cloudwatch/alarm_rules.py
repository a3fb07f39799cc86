"""The state of an alarm for its data points, as CloudWatch evaluates them; pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATE_WITHOUT_DATA = {"breaching": ALARM, "notBreaching": OK, "ignore": None}

MINUTE = 60.0
HIGH_RESOLUTION_SECONDS = 10.0


@dataclass(frozen=True)
class Rule:
    """The rule of an alarm; the fields are those of CloudWatch's PutMetricAlarm."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing_data: str = "missing"

    @property
    def above(self) -> bool:
        """Whether the alarm fires above its threshold."""
        return self.comparison.startswith("Greater")

    def breaches(self, value: float) -> bool:
        """Whether a value is beyond the threshold."""
        return bool(COMPARISONS[self.comparison](value, self.threshold))


def evaluation_interval(period: float) -> float:
    """The seconds between two evaluations of an alarm with a period of some seconds."""
    return HIGH_RESOLUTION_SECONDS if period < MINUTE else MINUTE


def evaluate(rule: Rule, values: Sequence[float | None]) -> str | None:
    """The state that follows from an alarm's data points, or None to keep its present state.

    `values` are the data points of the evaluation range, oldest first, None where one is missing;
    the range may be longer than `evaluation_periods`. If it has that many data points, the latest
    decide; else the missing ones are treated as the rule says.
    """
    present = [rule.breaches(value) for value in values if value is not None][
        -rule.evaluation_periods :
    ]
    if not present:
        return _STATE_WITHOUT_DATA.get(rule.missing_data, INSUFFICIENT_DATA)
    breaching = present.count(True)
    if rule.missing_data == "breaching":
        breaching += rule.evaluation_periods - len(present)
    if breaching >= rule.datapoints_to_alarm:
        return ALARM
    if rule.missing_data in ("missing", "ignore") and _alarms_early(rule, values):
        return ALARM if rule.missing_data == "missing" else None
    return OK


def _alarms_early(rule: Rule, values: Sequence[float | None]) -> bool:
    """Whether all data points breach, and the oldest is `datapoints_to_alarm` periods old.

    CloudWatch then does not wait for the missing ones.
    """
    latest = list(values)[-rule.evaluation_periods :]
    present = [value for value in latest if value is not None]
    if not present or not all(rule.breaches(value) for value in present):
        return False
    oldest = next(i for i, value in enumerate(latest) if value is not None)
    return len(latest) - oldest >= rule.datapoints_to_alarm > len(present)
