"""Telemetry: reports finished work as log lines, metrics and traces.

Metrics are lines on standard output in CloudWatch's embedded metric format; no service is called:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Traces go to an OpenTelemetry collector. The spans of a job are made when it has ended, from the
times of its events, so that drawing never waits for them. They continue the trace that the job
names in `traceparent`, else they begin a trace at the interaction: https://www.w3.org/TR/trace-context/
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from discord_diffusion.worker.answer import Answer
from discord_diffusion.worker.failures import Outcome
from discord_diffusion.worker.held_jobs import HeldJob

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

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

_PATH = "/v1/traces"
"""https://opentelemetry.io/docs/specs/otlp/#otlphttp-request"""
_SERVICE = "discord-diffusion-worker"
_PHASES = (
    ("wait", "sent", "received"),
    ("prepare", "received", "ready"),
    ("draw", "drawing", "drawn"),
    ("encode", "drawn", "encoded"),
    ("upload", "sending", "uploaded"),
)
"""Name of a span, and the events of a job that it lies between."""


class JobTracer:
    """Sends traces by OTLP over HTTP, in batches, from a thread of the SDK."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer(__name__)
        self._propagator = TraceContextTextMapPropagator()

    def trace(self, held: HeldJob, error: Exception | None = None) -> None:
        """Make a span for a job that has ended, and a span for each phase it went through."""
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        job, times = held.job, held.times
        parent = self._propagator.extract({"traceparent": job.traceparent or ""})
        began = times["sent"] if job.traceparent else job.created_at.timestamp()
        span = self._tracer.start_span("job", context=parent, start_time=_nanoseconds(began))
        span.set_attribute("job.id", job.id)
        span.set_attribute("job.receive_count", held.message.receive_count)
        span.set_attribute("job.pictures", job.parameters.images)
        if error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        context = set_span_in_context(span)
        for name, begin, end in _PHASES:
            if begin in times and end in times:
                started = _nanoseconds(times[begin])
                phase = self._tracer.start_span(name, context=context, start_time=started)
                phase.end(max(started, _nanoseconds(times[end])))
        span.end(_nanoseconds(max(times.values())))

    def close(self) -> None:
        """Send what is left, within the exporter's time-out."""
        self._provider.shutdown()


class Telemetry:
    """Reports jobs and batches. Safe to share between threads; never raises.

    Metrics are written to `namespace` and traces by `tracer`; None leaves them out.
    """

    def __init__(self, namespace: str | None = None, tracer: JobTracer | None = None) -> None:
        self._namespace = namespace
        self._tracer = tracer
        _metric_log.setLevel(logging.INFO)  # whatever the log level: metrics have no severity

    def answered(self, held: HeldJob, answer: Answer) -> None:
        """Report a job whose user has the pictures."""
        generation = answer.generation
        waited = held.seconds("sent", "received")
        encode, publish = held.seconds("drawn", "encoded"), held.seconds("sending", "uploaded")
        total = held.seconds("received", "uploaded")
        seconds = {"waited": waited, **asdict(generation.seconds)}
        seconds |= {"encode": encode, "publish": publish, "total": total}
        log.info(
            "The job is answered",
            extra={
                "pictures": len(generation.pictures),
                "filtered": generation.filtered,
                "bytes": sum(len(file.content) for file in answer.files),
                "receive_count": held.message.receive_count,
                "seconds": {name: round(value, 3) for name, value in seconds.items()},
            },
        )
        self._write(
            {
                "JobsAnswered": 1,
                "WaitedSeconds": waited,
                "DrawSeconds": generation.seconds.total,
                "EncodeSeconds": encode,
                "PublishSeconds": publish,
                "JobSeconds": total,
                "PicturesFiltered": generation.filtered,
            }
        )
        if self._tracer:
            self._tracer.trace(held)

    def failed(self, held: HeldJob | None, error: Exception, outcome: Outcome) -> None:
        """Report a failure, for this time or for good; `held` is None if there is no valid job."""
        self._write({"Failures": 1}, Kind=type(error).__name__, Outcome=outcome.value)
        if held and self._tracer:
            self._tracer.trace(held, error)

    def batch_drawn(
        self, batch: Sequence[HeldJob], seconds: float, peak_memory: int | None
    ) -> None:
        """Report a batch whose jobs were all drawn; `peak_memory` is in bytes of the device."""
        pictures = sum(held.job.parameters.images for held in batch)
        values: dict[str, float] = {
            "BatchSeconds": seconds,
            "BatchJobs": len(batch),
            "BatchPictures": pictures,
            "PicturesPerSecond": pictures / seconds,
        }
        if peak_memory is not None:
            values["GpuMemoryBytes"] = peak_memory
        self._write(values)

    def close(self) -> None:
        """Send the traces that are left."""
        if self._tracer:
            self._tracer.close()

    def _write(self, values: Mapping[str, float], **dimensions: str) -> None:
        """Write one point of each metric as of now: without dimensions, and by `dimensions`."""
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


def tracer_to(endpoint: str | None) -> JobTracer | None:
    """A tracer for the collector at that address; None without an address or the packages."""
    if not endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON
    except ImportError as error:
        log.error("No traces are sent: install the extra `traces`", extra={"reason": str(error)})
        return None
    # Every job is traced, also where the function that accepted it did not record its own spans.
    provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource({"service.name": _SERVICE}))
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + _PATH, timeout=2)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return JobTracer(provider)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
