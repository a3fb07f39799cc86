"""CloudWatch metrics of a deployment: its namespace is its prefix, so they have no dimensions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from discord_diffusion.aws.clients import client
from discord_diffusion.aws.errors import ServiceError, translated

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

HIGH_RESOLUTION = 1
"""Seconds. Alarms with periods of 10 s need points at this resolution:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html#high-resolution-metrics"""


class Metrics:
    """Publishes to one namespace."""

    def __init__(self, namespace: str, *, region: str | None = None) -> None:
        self._namespace = namespace
        self._client: CloudWatchClient = client("cloudwatch", region=region)

    def publish(self, values: Mapping[str, float]) -> None:
        """Publish one point of each metric, as of now.

        Raises:
            ServiceError: CloudWatch refused, or did not answer.
        """
        with translated(ServiceError):
            self._client.put_metric_data(
                Namespace=self._namespace,
                MetricData=[
                    {"MetricName": name, "Value": value, "StorageResolution": HIGH_RESOLUTION}
                    for name, value in values.items()
                ],
            )
