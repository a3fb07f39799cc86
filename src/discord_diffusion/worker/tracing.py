"""The trace of a job, from the interaction to the upload, for an OpenTelemetry collector.

The spans are made when a job has ended, from the times noted on its way, so that drawing never
waits for telemetry. They continue the trace that the job names in `traceparent`, else they begin
one with the interaction: https://www.w3.org/TR/trace-context/
"""

import logging
from typing import TYPE_CHECKING

from discord_diffusion.worker.held_jobs import HeldJob

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)

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
    """Sends traces by OTLP over HTTP, in batches, from a thread of the SDK's."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer(__name__)
        self._propagator = TraceContextTextMapPropagator()

    def trace(self, held: HeldJob, error: Exception | None = None) -> None:
        """Make a span of the job that has ended, and one of each phase that it went through."""
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


def tracer_to(endpoint: str | None) -> JobTracer | None:
    """A tracer that sends to the collector at that address, if it and the packages are there."""
    if not endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        log.error("No traces: install the extra `traces`", extra={"reason": str(error)})
        return None
    provider = TracerProvider(resource=Resource({"service.name": _SERVICE}))
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + _PATH, timeout=2)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return JobTracer(provider)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
