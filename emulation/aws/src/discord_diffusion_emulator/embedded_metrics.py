"""CloudWatch's embedded metric format: metrics in lines of a log.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

_MARK = '"CloudWatchMetrics"'
_MOST_A_CALL = 1000


def publish(client: Any, lines: Iterable[str]) -> None:
    """Publish the metrics that are embedded in lines of a log, with a client of CloudWatch."""
    data: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        for namespace, datum in found_in(line):
            data[namespace].append(datum)
    for namespace, metrics in data.items():
        for first in range(0, len(metrics), _MOST_A_CALL):
            client.put_metric_data(
                Namespace=namespace, MetricData=metrics[first : first + _MOST_A_CALL]
            )


def found_in(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Namespaces and data, as PutMetricData takes them; none if the line is not in the format."""
    if _MARK not in line:
        return
    try:
        root = json.loads(line)
        about = root["_aws"]
        at = datetime.fromtimestamp(about["Timestamp"] / 1000, UTC)
        for directive in about["CloudWatchMetrics"]:
            yield from _of(directive, root, at)
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _of(
    directive: dict[str, Any], root: dict[str, Any], at: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    for metric in directive["Metrics"]:
        value = root[metric["Name"]]
        values = value if isinstance(value, list) else [value]
        for names in directive.get("Dimensions") or [[]]:
            datum: dict[str, Any] = {
                "MetricName": metric["Name"],
                "Dimensions": [{"Name": name, "Value": str(root[name])} for name in names],
                "Timestamp": at,
                "Values": [float(one) for one in values],
                "Unit": metric.get("Unit", "None"),
                "StorageResolution": int(metric.get("StorageResolution", 60)),
            }
            yield directive["Namespace"], datum
