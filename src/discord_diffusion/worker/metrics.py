"""Metrics in CloudWatch's embedded metric format: lines on standard output, no call to any service.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import logging
import time
from collections.abc import Mapping, Sequence

log = logging.getLogger("discord_diffusion.metrics")

UNITS = {
    "WaitedSeconds": "Seconds",
    "DrawSeconds": "Seconds",
    "EncodeSeconds": "Seconds",
    "PublishSeconds": "Seconds",
    "JobSeconds": "Seconds",
    "BatchSeconds": "Seconds",
    "BatchJobs": "Count",
    "BatchPictures": "Count",
    "PicturesPerSecond": "Count/Second",
    "PicturesFiltered": "Count",
    "GpuMemoryBytes": "Bytes",
    "JobsAnswered": "Count",
    "Failures": "Count",
}
"""Every metric that a worker writes, with its unit."""


class Metrics:
    """Writes to one namespace, or nothing where there is none."""

    def __init__(self, namespace: str | None) -> None:
        self._namespace = namespace
        # Whatever else is logged: these lines are no matter of severity.
        log.setLevel(logging.INFO)

    def write(self, values: Mapping[str, float], **dimensions: str) -> None:
        """One point of each metric, as of now: over all, and by the dimensions if there are any."""
        if not self._namespace:
            return
        sets: Sequence[list[str]] = [[], [*dimensions]] if dimensions else [[]]
        definition = {
            "Namespace": self._namespace,
            "Dimensions": sets,
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
        }
        head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]}
        log.info("Metrics", extra={"_aws": head, **dimensions, **values})
