"""What is reported of finished work: log lines, metrics and traces.

Metrics are lines on standard output in CloudWatch's embedded metric format, no call to a service:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from discord_diffusion.worker.answer import Answer
from discord_diffusion.worker.failures import Outcome
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.tracing import JobTracer

log = logging.getLogger(__name__)
_metric_log = logging.getLogger("discord_diffusion.metrics")

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
        _metric_log.setLevel(logging.INFO)  # whatever the log level: metrics have no severity

    def write(self, values: Mapping[str, float], **dimensions: str) -> None:
        """Write one point of each metric, as of now: in all, and by the dimensions if any."""
        if not self._namespace:
            return
        sets: Sequence[list[str]] = [[], [*dimensions]] if dimensions else [[]]
        definition = {
            "Namespace": self._namespace,
            "Dimensions": sets,
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
        }
        head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]}
        _metric_log.info("Metrics", extra={"_aws": head, **dimensions, **values})


class Telemetry:
    """Called by the threads in which things happen; never raises."""

    def __init__(self, metrics: Metrics, tracer: JobTracer | None) -> None:
        self._metrics = metrics
        self._tracer = tracer

    def answered(self, held: HeldJob, answer: Answer) -> None:
        """Report a job whose user has the pictures."""
        generation = answer.generation
        seconds = {
            "waited": held.seconds("sent", "received"),
            **asdict(generation.seconds),
            "encode": held.seconds("drawn", "encoded"),
            "publish": held.seconds("sending", "uploaded"),
            "total": held.seconds("received", "uploaded"),
        }
        log.info(
            "Answered",
            extra={
                "pictures": len(generation.pictures),
                "filtered": generation.filtered,
                "bytes": sum(len(file.content) for file in answer.files),
                "receive_count": held.message.receive_count,
                "seconds": {name: round(value, 3) for name, value in seconds.items()},
            },
        )
        self._metrics.write(
            {
                "JobsAnswered": 1,
                "WaitedSeconds": seconds["waited"],
                "DrawSeconds": generation.seconds.total,
                "EncodeSeconds": seconds["encode"],
                "PublishSeconds": seconds["publish"],
                "JobSeconds": seconds["total"],
                "PicturesFiltered": generation.filtered,
            }
        )
        if self._tracer:
            self._tracer.trace(held)

    def failed(self, held: HeldJob | None, error: Exception, outcome: Outcome) -> None:
        """Report a job that failed, this time or for good; `held` is None if it was no job."""
        self._metrics.write({"Failures": 1}, Kind=type(error).__name__, Outcome=outcome.value)
        if held and self._tracer:
            self._tracer.trace(held, error)

    def batch_drawn(
        self, batch: Sequence[HeldJob], seconds: float, peak_memory: int | None
    ) -> None:
        """Report a batch that was drawn whole; `peak_memory` is in bytes of the device."""
        pictures = sum(held.job.parameters.images for held in batch)
        values: dict[str, float] = {
            "BatchSeconds": seconds,
            "BatchJobs": len(batch),
            "BatchPictures": pictures,
            "PicturesPerSecond": pictures / seconds,
        }
        if peak_memory is not None:
            values["GpuMemoryBytes"] = peak_memory
        self._metrics.write(values)
