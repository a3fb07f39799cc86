"""Logs and metrics of Lambda functions in CloudWatch.

Replaces LocalStack's own code, whose call per invocation takes longer than the invocation itself.
"""

import logging
import time
from collections import Counter, defaultdict
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation.logs import QUEUE_SHUTDOWN, LogHandler, LogItem
from localstack.utils.aws.client_types import ServicePrincipal
from localstack.utils.bootstrap import is_api_enabled

from ecs_fleet_emulator.clock.advance import ADVANCER
from ecs_fleet_emulator.clock.sources import Counts
from ecs_fleet_emulator.publishing import (
    Stream,
    Tally,
    create_log_stream,
    log_batches,
    next_items,
    publish_embedded_metrics,
)

LOG = logging.getLogger(__name__)

# Lines and counts within this time of the first one are sent together.
LOG_SECONDS = 0.5
METRICS_SECONDS = 1.0

Metric = tuple[str, str, str, str]
"""Account, region, function, name of the metric."""


def write_logs(handler: LogHandler, *_args: object, **_kwargs: object) -> None:
    """Write the logs in the handler's queue to CloudWatch Logs, until the queue is closed."""
    clients = connect_to.with_assumed_role(
        region_name=handler.region,
        role_arn=handler.role_arn,
        service_principal=ServicePrincipal.lambda_,
    )
    # CloudWatch Logs itself publishes the metrics that are embedded in its events.
    account = handler.role_arn.split(":")[4]
    metrics = connect_to(aws_access_key_id=account, region_name=handler.region)
    ended = False
    while not ended:
        items = next_items(handler.log_queue, QUEUE_SHUTDOWN, LOG_SECONDS)
        ended = QUEUE_SHUTDOWN in items
        texts = [
            ((item.log_group, item.log_stream), item.logs)
            for item in items
            if isinstance(item, LogItem)
        ]
        for stream, messages in log_batches(texts):
            try:
                _put(clients.logs, stream, messages)
                publish_embedded_metrics(metrics.cloudwatch, messages)
            except Exception:  # one batch that is refused must not end the function's log
                LOG.warning("could not write to the log stream %s", stream, exc_info=True)


def _put(client: Any, stream: Stream, messages: list[str]) -> None:
    now = int(time.time() * 1000)
    arguments = {
        "logGroupName": stream[0],
        "logStreamName": stream[1],
        "logEvents": [{"timestamp": now, "message": message} for message in messages],
    }
    try:
        client.put_log_events(**arguments)
    except client.exceptions.ResourceNotFoundException:
        create_log_stream(client, stream, creates_group=True)
        client.put_log_events(**arguments)


def _publish(counts: "Counter[Metric]") -> None:
    data: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for (account, region, function, metric), count in counts.items():
        data[account, region].append(
            {
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": function}],
                "Values": [1.0],
                "Counts": [float(count)],
                "Unit": "Count",
            }
        )
    for (account, region), metrics in data.items():
        try:
            client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
            client.put_metric_data(Namespace="AWS/Lambda", MetricData=metrics)
        except Exception:  # a metric that is refused must not end the emulator's thread
            LOG.warning("could not publish the metrics of Lambda", exc_info=True)


_tally: "Tally[Metric]" = Tally(_publish, METRICS_SECONDS)
ADVANCER.sources["metrics of functions"] = Counts(_tally.flush)


def count_invocation(function_name: str, account_id: str, region_name: str) -> None:
    """Count an invocation that succeeded."""
    if is_api_enabled("cloudwatch"):
        _tally.add((account_id, region_name, function_name, "Invocations"))


def count_error(function_name: str, account_id: str, region_name: str) -> None:
    """Count an invocation that failed."""
    if is_api_enabled("cloudwatch"):
        function = (account_id, region_name, function_name)
        _tally.add((*function, "Invocations"), (*function, "Errors"))
