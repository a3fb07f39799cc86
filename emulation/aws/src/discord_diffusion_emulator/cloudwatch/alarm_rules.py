"""The state that an alarm's data points call for, as CloudWatch evaluates them; pure.

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
_WITHOUT_DATA = {"breaching": ALARM, "notBreaching": OK, "ignore": None}

MINUTE = 60.0
HIGH_RESOLUTION_SECONDS = 10.0


@dataclass(frozen=True)
class Rule:
    """M of the last N data points beyond a threshold, and how missing ones are treated."""

    comparison: str
    threshold: float
    points: int
    to_alarm: int
    missing: str = "missing"

    @property
    def above(self) -> bool:
        """Whether the alarm fires above its threshold."""
        return self.comparison.startswith("Greater")

    def breaches(self, value: float) -> bool:
        """Whether a value is beyond the threshold."""
        return bool(COMPARISONS[self.comparison](value, self.threshold))


def evaluation_interval(period: float) -> float:
    """The seconds between two evaluations of an alarm whose period is so many seconds."""
    return HIGH_RESOLUTION_SECONDS if period < MINUTE else MINUTE


def evaluate(rule: Rule, values: Sequence[float | None]) -> str | None:
    """The state that an alarm has to have, or None to keep its state.

    `values` are the data points of the evaluation range, oldest first, None where one is missing;
    the range may be longer than the rule's N. If it has N data points or more, the latest N decide;
    else the missing ones are treated as the rule says.
    """
    present = [rule.breaches(value) for value in values if value is not None][-rule.points :]
    if not present:
        return _WITHOUT_DATA.get(rule.missing, INSUFFICIENT_DATA)
    breaching = present.count(True)
    if rule.missing == "breaching":
        breaching += rule.points - len(present)
    if breaching >= rule.to_alarm:
        return ALARM
    if rule.missing in ("missing", "ignore") and _alarms_early(rule, values):
        return ALARM if rule.missing == "missing" else None
    return OK


def _alarms_early(rule: Rule, values: Sequence[float | None]) -> bool:
    """Whether all data points breach, and the oldest is as old as M of them.

    CloudWatch then does not wait for the missing ones.
    """
    latest = list(values)[-rule.points :]
    present = [value for value in latest if value is not None]
    if not present or not all(rule.breaches(value) for value in present):
        return False
    oldest = next(i for i, value in enumerate(latest) if value is not None)
    return len(latest) - oldest >= rule.to_alarm > len(present)
