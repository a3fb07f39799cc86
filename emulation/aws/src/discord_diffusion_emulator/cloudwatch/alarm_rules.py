"""When a CloudWatch alarm changes its state.

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

# Periods shorter than this are looked at every 10 s, others every minute.
MINUTE = 60.0
HIGH_RESOLUTION_SECONDS = 10.0


@dataclass(frozen=True)
class Rule:
    """M of the last N points beyond a threshold, and what a missing one counts as."""

    comparison: str
    threshold: float
    points: int
    to_alarm: int
    missing: str = "missing"

    @property
    def above(self) -> bool:
        """Whether it fires above its threshold."""
        return self.comparison.startswith("Greater")

    def breaches(self, value: float) -> bool:
        """Whether a value is beyond the threshold."""
        return bool(COMPARISONS[self.comparison](value, self.threshold))


def interval(period: float) -> float:
    """How often an alarm is looked at, in seconds."""
    return HIGH_RESOLUTION_SECONDS if period < MINUTE else MINUTE


def evaluated(rule: Rule, values: Sequence[float | None]) -> str | None:
    """The state that an alarm has to have, or None to keep the one it has.

    `values` are the points of the evaluation range, oldest first, None where there is none; the
    range may be longer than the rule's N. If there are N real points or more in it, the latest N
    decide; missing ones are filled in by `missing` otherwise.
    """
    there = [rule.breaches(value) for value in values if value is not None][-rule.points :]
    if not there:
        return _without_data(rule)
    absent = rule.points - len(there)
    breaching = there.count(True)
    if rule.missing == "breaching":
        breaching += absent
    if breaching >= rule.to_alarm:
        return ALARM
    if rule.missing in ("missing", "ignore") and _early(rule, values):
        return ALARM if rule.missing == "missing" else None
    return OK


def _without_data(rule: Rule) -> str | None:
    return {
        "breaching": ALARM,
        "notBreaching": OK,
        "ignore": None,
    }.get(rule.missing, INSUFFICIENT_DATA)


def _early(rule: Rule, values: Sequence[float | None]) -> bool:
    """Whether all points that there are breach and the oldest is as old as M.

    CloudWatch then doesn't wait for the missing ones.
    """
    latest = list(values)[-rule.points :]
    there = [value for value in latest if value is not None]
    if not there or not all(rule.breaches(value) for value in there):
        return False
    oldest = next(i for i, value in enumerate(latest) if value is not None)
    return len(latest) - oldest >= rule.to_alarm > len(there)
