"""An alarm's points: of a metric's statistic, of its percentile, or of metric math."""

import math
import sqlite3
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

from discord_diffusion_emulator.cloudwatch.alarm_rules import COMPARISONS, Rule
from discord_diffusion_emulator.cloudwatch.metric_math import Expression, UnsupportedExpressionError

MINUTE = 60


def refusal(details: Any) -> str | None:
    """Why an alarm can't be evaluated; None if it can."""
    if details["ComparisonOperator"] not in COMPARISONS or "Threshold" not in details:
        return f"{details['ComparisonOperator']} is not emulated"
    try:
        for query in details.get("Metrics") or []:
            if "Expression" in query:
                Expression(query["Expression"])
    except UnsupportedExpressionError as error:
        return str(error)
    return None


def rule(details: Any) -> Rule:
    """When the alarm fires."""
    points = int(details["EvaluationPeriods"])
    return Rule(
        comparison=details["ComparisonOperator"],
        threshold=float(details["Threshold"]),
        points=points,
        to_alarm=int(details.get("DatapointsToAlarm") or points),
        missing=details.get("TreatMissingData") or "missing",
    )


def period(details: Any) -> int:
    """The seconds that a point of the alarm stands for."""
    if "Period" in details:
        return int(details["Period"])
    return max(
        int((query.get("MetricStat") or query).get("Period") or MINUTE)
        for query in details["Metrics"]
    )


def read(account: str, region: str, details: Any, speed: float) -> list[float | None]:
    """The alarm's points, oldest first, None where there is none; some more than it evaluates.

    `speed` divides its period.
    """
    seconds = max(1, round(period(details) / speed))
    points = int(details["EvaluationPeriods"])
    number = points + max(points // 3, 2)
    window = _Window(account, region, math.floor(time.time()) + 1, seconds, number)
    queries = details.get("Metrics")
    if not queries:
        metric = {
            name: details[name]
            for name in ("MetricName", "Namespace", "Dimensions")
            if details.get(name)
        }
        return window.of(metric, details.get("Statistic") or details["ExtendedStatistic"])
    return _of_math(window, {query["Id"]: query for query in queries})


class _Window:
    """The last `number` periods before `end`."""

    def __init__(self, account: str, region: str, end: int, seconds: int, number: int) -> None:
        self._account, self._region = account, region
        self._seconds, self.number = seconds, number
        self._start, self._end = end - number * seconds, end

    def of(self, metric: dict[str, Any], stat: str) -> list[float | None]:
        """A metric's points."""
        found = self._percentile(metric, stat) if stat[0] == "p" else self._stat(metric, stat)
        return [found.get(self._start + i * self._seconds) for i in range(self.number)]

    def _stat(self, metric: dict[str, Any], stat: str) -> dict[int, float]:
        query: Any = {
            "Id": "alarm",
            "MetricStat": {"Metric": metric, "Period": self._seconds, "Stat": stat},
        }
        found = CloudwatchDatabase().get_metric_data_stat(
            self._account,
            self._region,
            query,
            datetime.fromtimestamp(self._start, UTC),
            datetime.fromtimestamp(self._end, UTC),
            "TimestampAscending",
        )
        return dict(zip(found["timestamps"], found["values"], strict=True))

    def _percentile(self, metric: dict[str, Any], stat: str) -> dict[int, float]:
        database = CloudwatchDatabase()
        dimensions = database._get_ordered_dimensions_with_separator(metric.get("Dimensions"))
        connection = sqlite3.connect(database.METRICS_DB_READ_ONLY, uri=True)
        try:
            rows = connection.execute(
                "SELECT timestamp, value FROM SINGLE_METRICS WHERE account_id = ? AND region = ?"
                " AND namespace = ? AND metric_name = ? AND dimensions IS ?"
                " AND timestamp >= ? AND timestamp < ?",
                (
                    *(self._account, self._region, metric.get("Namespace"), metric["MetricName"]),
                    *(dimensions, self._start, self._end),
                ),
            ).fetchall()
        finally:
            connection.close()
        values: dict[int, list[float]] = defaultdict(list)
        for at, value in rows:
            values[at - (at - self._start) % self._seconds].append(value)
        share = float(stat[1:]) / 100
        return {
            start: sorted(there)[max(math.ceil(share * len(there)) - 1, 0)]
            for start, there in values.items()
        }


def _of_math(window: _Window, queries: dict[str, Any]) -> list[float | None]:
    """The points of the query that returns data."""

    def points(name: str) -> list[float | None]:
        query = queries[name]
        if "Expression" not in query:
            return window.of(dict(query["MetricStat"]["Metric"]), query["MetricStat"]["Stat"])
        expression = Expression(query["Expression"])
        parts = {part: points(part) for part in expression.ids}
        return [
            expression.at({part: values[i] for part, values in parts.items()})
            for i in range(window.number)
        ]

    returned = [name for name, query in queries.items() if query.get("ReturnData", True)]
    return points(returned[0])
