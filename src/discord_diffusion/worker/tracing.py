"""The trace of a job, from the interaction to the upload, for an OpenTelemetry collector.

The spans are made when a job has ended, from the times noted on its way, so that drawing never
waits for telemetry. They belong to the trace that the job names, else to one of their own that
begins with the interaction: https://www.w3.org/TR/trace-context/
"""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from discord_diffusion.worker.held import Held

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


class Tracer(Protocol):
    """Where traces go."""

    def trace(self, held: Held, error: Exception | None = None) -> None:
        """A job has ended, by an error or well."""

    def close(self) -> None:
        """Send what is left."""


class NoTracer:
    """Nobody wants to know."""

    def trace(self, held: Held, error: Exception | None = None) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class OpenTelemetryTracer:
    """Sends traces by OTLP over HTTP, in batches, from a thread of the SDK's."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer(__name__)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to(cls, endpoint: str) -> "OpenTelemetryTracer":
        """Traces to the collector at that address.

        Raises:
            ImportError: the extra `traces` is not installed.
        """
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=Resource({"service.name": _SERVICE}))
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + _PATH, timeout=2)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider)

    def trace(self, held: Held, error: Exception | None = None) -> None:
        """One span of the job, and one of each phase that it went through."""
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        job = held.job
        parent = self._propagator.extract({"traceparent": job.traceparent or ""})
        # Without a trace to belong to, the interaction is where it begins.
        began = held.times["sent"] if job.traceparent else job.created_at.timestamp()
        span = self._tracer.start_span("job", context=parent, start_time=_nanoseconds(began))
        span.set_attribute("job.id", job.id)
        span.set_attribute("job.receive_count", held.message.receive_count)
        span.set_attribute("job.pictures", job.parameters.images)
        if error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        context = set_span_in_context(span)
        for name, begin, end in _phases(held):
            child = self._tracer.start_span(name, context=context, start_time=_nanoseconds(begin))
            child.end(_nanoseconds(end))
        span.end(_nanoseconds(max(held.times.values())))

    def close(self) -> None:
        """Send what is left, within the exporter's time-out."""
        self._provider.shutdown()


def tracer_to(endpoint: str | None) -> Tracer:
    """Traces to a collector, or to nobody."""
    if not endpoint:
        return NoTracer()
    try:
        return OpenTelemetryTracer.to(endpoint)
    except ImportError as error:
        log.error("No traces: install the extra `traces`", extra={"reason": str(error)})
        return NoTracer()


def _phases(held: Held) -> Iterator[tuple[str, float, float]]:
    for name, begin, end in _PHASES:
        if begin in held.times and end in held.times:
            yield name, held.times[begin], max(held.times[begin], held.times[end])


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
