"""How metric data are stored: those of a request in one transaction, and by time.

LocalStack opens its database, writes to the disk and waits for it for each datum, and looks for an
alarm's data points among all that there ever were of a metric.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

_SERIES = "account_id, region, namespace, metric_name, timestamp, dimensions, unit"
_SINGLE = (
    f"INSERT INTO SINGLE_METRICS ({_SERIES}, storage_resolution, value)"  # noqa: S608  # constants
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_AGGREGATED = (
    f"INSERT INTO AGGREGATED_METRICS ({_SERIES}, storage_resolution,"  # noqa: S608  # as above
    " sample_count, sum, min, max) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")
# In the place of indexes over all times of a metric.
_INDEXES = """
DROP INDEX IF EXISTS idx_single_metrics_comp;
DROP INDEX IF EXISTS idx_aggregated_metrics_comp;
CREATE INDEX IF NOT EXISTS single_by_time ON SINGLE_METRICS (metric_name, namespace, timestamp);
CREATE INDEX IF NOT EXISTS aggregated_by_time
    ON AGGREGATED_METRICS (metric_name, namespace, timestamp);
"""


def apply() -> None:
    """Store as this module does."""
    CloudwatchDatabase.add_metric_data = add
    database = CloudwatchDatabase()
    with closing(sqlite3.connect(database.METRICS_DB)) as connection:
        connection.executescript(_INDEXES)


def add(
    database: Any, account: str, region: str, namespace: str, data: Iterable[dict[str, Any]]
) -> None:
    """Store the data of one request, all or none."""
    now = int(time.time())
    single: list[tuple[Any, ...]] = []
    aggregated: list[tuple[Any, ...]] = []
    for datum in data:
        at = datum.get("Timestamp")
        series = (
            *(account, region, namespace, datum.get("MetricName")),
            database._convert_timestamp_to_unix(at) if at else now,
            database._get_ordered_dimensions_with_separator(datum.get("Dimensions")),
            datum.get("Unit"),
            datum.get("StorageResolution"),
        )
        single += ((*series, value) for value in _values(datum))
        if statistics := datum.get("StatisticValues"):
            aggregated.append((*series, *(statistics.get(name) for name in _STATISTICS)))
    with database.DATABASE_LOCK, closing(sqlite3.connect(database.METRICS_DB)) as connection:
        # No state survives the emulator, so nothing has to survive the machine.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        with connection:
            connection.executemany(_SINGLE, single)
            connection.executemany(_AGGREGATED, aggregated)


def _values(datum: dict[str, Any]) -> Iterator[float]:
    """The single values of a datum, each as often as it counts."""
    if datum.get("Value") is not None:
        yield datum["Value"]
        return
    values = datum.get("Values") or []
    for value, count in zip(values, datum.get("Counts") or [1] * len(values), strict=True):
        yield from [value] * int(count)
