"""SQS of LocalStack, whose metrics are published together.

LocalStack makes a call of CloudWatch for each of them: two for a message that is sent, and one for
each empty receive of each worker.
"""

import logging
from collections import Counter, defaultdict
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.plugins import Service
from localstack.services.sqs.provider import CloudwatchDispatcher, SqsProvider
from localstack.utils.bootstrap import is_api_enabled

from ecs_fleet_emulator.clock.advance import ADVANCER
from ecs_fleet_emulator.clock.sources import Counts
from ecs_fleet_emulator.publishing import Tally

from .sqs_receipts import refuse_earlier_receipts

LOG = logging.getLogger(__name__)

SECONDS = 1.0
"""Samples within this time of the first one are published together."""

Sample = tuple[str, str, str, str, float, str]
"""Account, region, queue, name of the metric, value, unit."""


def service() -> Service:
    """SQS."""
    tally: Tally[Sample] = Tally(_publish, SECONDS)
    ADVANCER.sources["metrics of queues"] = Counts(tally.flush)

    def count(
        _dispatcher: object,
        account_id: str,
        region: str,
        queue_name: str,
        metric: str,
        value: float = 1,
        unit: str = "Count",
    ) -> None:
        """Note one sample of a metric."""
        if is_api_enabled("cloudwatch"):
            tally.add((account_id, region, queue_name, metric, float(value), unit))

    CloudwatchDispatcher.dispatch_sqs_metric = count
    refuse_earlier_receipts()
    return Service.for_provider(SqsProvider())


def _publish(samples: "Counter[Sample]") -> None:
    for (account, region), data in metric_data(samples).items():
        try:
            client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
            client.put_metric_data(Namespace="AWS/SQS", MetricData=data)
        except Exception:  # a metric that is refused must not end the emulator's thread
            LOG.warning("could not publish the metrics of SQS", exc_info=True)


def metric_data(samples: "Counter[Sample]") -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The samples as CloudWatch takes them, by account and region."""
    data: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for (account, region, queue, metric, value, unit), number in samples.items():
        data[account, region].append(
            {
                "MetricName": metric,
                "Dimensions": [{"Name": "QueueName", "Value": queue}],
                "Values": [value],
                "Counts": [float(number)],
                "Unit": unit,
            }
        )
    return data
