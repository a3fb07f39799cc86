"""Reads an alarm's data points: a metric's statistic or percentile, or metric math."""

import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

from ecs_fleet_emulator.errors import UnsupportedExpressionError

from .alarm_rules import COMPARISONS, MINUTE, Rule
from .metric_math import Expression


def unsupported_reason(alarm: Any) -> str | None:
    """Why an alarm, as DescribeAlarms shows it, can't be evaluated; None if it can."""
    if alarm["ComparisonOperator"] not in COMPARISONS or "Threshold" not in alarm:
        return f"{alarm['ComparisonOperator']} is not emulated"
    try:
        for query in alarm.get("Metrics") or []:
            if "Expression" in query:
                Expression(query["Expression"])
    except UnsupportedExpressionError as error:
        return str(error)
    return None


def rule(alarm: Any) -> Rule:
    """The rule of an alarm."""
    points = int(alarm["EvaluationPeriods"])
    return Rule(
        comparison=alarm["ComparisonOperator"],
        threshold=float(alarm["Threshold"]),
        evaluation_periods=points,
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or points),
        missing_data=alarm.get("TreatMissingData") or "missing",
    )


def period(alarm: Any) -> int:
    """The period of the alarm's data points, in seconds."""
    if "Period" in alarm:
        return int(alarm["Period"])
    return max(
        int((query.get("MetricStat") or query).get("Period") or MINUTE)
        for query in alarm["Metrics"]
    )


@dataclass(frozen=True)
class DataPoints:
    """An alarm's data points, oldest first, None where one is missing; a period has `seconds`."""

    start: int
    seconds: int
    values: Sequence[float | None]

    def present(self) -> list[tuple[datetime, float]]:
        """Those that there are, with the beginnings of their periods."""
        return [
            (datetime.fromtimestamp(self.start + i * self.seconds, UTC), value)
            for i, value in enumerate(self.values)
            if value is not None
        ]


def read(account: str, region: str, alarm: Any, speed: float) -> DataPoints:
    """The data points of an alarm.

    As in CloudWatch, the range is longer than the evaluation periods. `speed` divides the period.
    """
    seconds = max(1, round(period(alarm) / speed))
    points = int(alarm["EvaluationPeriods"])
    number = points + max(points // 3, 2)
    window = _Window(account, region, math.floor(time.time()) + 1, seconds, number)
    queries = {query["Id"]: query for query in alarm.get("Metrics") or []}
    if not queries:
        names = ("MetricName", "Namespace", "Dimensions")
        metric = {name: alarm[name] for name in names if alarm.get(name)}
        values = window.metric(metric, alarm.get("Statistic") or alarm["ExtendedStatistic"])
    else:
        returned = (name for name, query in queries.items() if query.get("ReturnData", True))
        values = _query_values(window, queries, next(returned))
    return DataPoints(window.start, seconds, values)


class _Window:
    """The last `number` periods before `end`, each of some seconds."""

    def __init__(self, account: str, region: str, end: int, seconds: int, number: int) -> None:
        self._account, self._region = account, region
        self._seconds, self.number = seconds, number
        self.start, self._end = end - number * seconds, end

    def metric(self, metric: dict[str, Any], stat: str) -> list[float | None]:
        """The data points of a metric."""
        read = self._percentile if stat[0] == "p" else self._statistic
        found = read(metric, stat)
        return [found.get(self.start + i * self._seconds) for i in range(self.number)]

    def _statistic(self, metric: dict[str, Any], stat: str) -> dict[int, float]:
        statistic = {"Metric": metric, "Period": self._seconds, "Stat": stat}
        query: Any = {"Id": "alarm", "MetricStat": statistic}
        found = CloudwatchDatabase().get_metric_data_stat(
            self._account,
            self._region,
            query,
            datetime.fromtimestamp(self.start, UTC),
            datetime.fromtimestamp(self._end, UTC),
            "TimestampAscending",
        )
        return dict(zip(found["timestamps"], found["values"], strict=True))

    def _percentile(self, metric: dict[str, Any], stat: str) -> dict[int, float]:
        """LocalStack's store has no percentiles: they are computed from its single values."""
        database = CloudwatchDatabase()
        dimensions = database._get_ordered_dimensions_with_separator(metric.get("Dimensions"))
        query = (
            "SELECT timestamp, value FROM SINGLE_METRICS WHERE account_id = ? AND region = ?"
            " AND namespace = ? AND metric_name = ? AND dimensions IS ?"
            " AND timestamp >= ? AND timestamp < ?"
        )
        owner = (self._account, self._region)
        series = (metric.get("Namespace"), metric["MetricName"], dimensions)
        with closing(sqlite3.connect(database.METRICS_DB_READ_ONLY, uri=True)) as connection:
            rows = connection.execute(query, (*owner, *series, self.start, self._end)).fetchall()
        periods: dict[int, list[float]] = defaultdict(list)
        for at, value in rows:
            periods[at - (at - self.start) % self._seconds].append(value)
        fraction = float(stat[1:]) / 100
        return {
            start: sorted(values)[max(math.ceil(fraction * len(values)) - 1, 0)]
            for start, values in periods.items()
        }


def _query_values(window: _Window, queries: dict[str, Any], name: str) -> list[float | None]:
    """The data points of one query, which may be an expression over others."""
    query = queries[name]
    if "Expression" not in query:
        return window.metric(dict(query["MetricStat"]["Metric"]), query["MetricStat"]["Stat"])
    expression = Expression(query["Expression"])
    parts = {part: _query_values(window, queries, part) for part in expression.ids}
    return [
        expression.evaluate({part: values[i] for part, values in parts.items()})
        for i in range(window.number)
    ]
