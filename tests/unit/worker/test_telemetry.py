"""Telemetry: metrics, traces and the pace."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from discord_diffusion import logs
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.fleet.pace import MeasuredPace
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.units import Tariff
from discord_diffusion.worker.errors import OutOfMemoryError, PicturesTooLargeError
from discord_diffusion.worker.failures import Outcome
from discord_diffusion.worker.telemetry import UNITS, JobTracer, Telemetry, tracer_to
from tests.unit.worker.fakes import TOKEN, make_job, wait_until
from tests.unit.worker.worker_harness import Harness

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def lines() -> Iterator[Any]:
    """The lines that are logged from now on at the log level WARNING."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.setLevel("WARNING")
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def points(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The metrics in embedded metric format, by name."""
    found = {}
    for line in lines:
        for definition in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert definition["Namespace"] == "test"
            assert all(name in line for names in definition["Dimensions"] for name in names)
            for metric in definition["Metrics"]:
                assert metric["Unit"] == UNITS[metric["Name"]]
                found[metric["Name"]] = line[metric["Name"]]
    return found


def test_the_metrics_of_a_job_are_written_at_any_log_level(lines: Any) -> None:
    with Harness(dependencies={"telemetry": Telemetry("test")}) as harness:
        harness.generator.memory = 7_000_000_000
        harness.run(make_job())
        harness.stop()
    written = lines()
    found = points(written)
    assert found["JobsAnswered"] == 1
    assert found["BatchJobs"] == 1
    assert found["BatchPictures"] == 2
    assert found["PicturesPerSecond"] > 0
    assert found["GpuMemoryBytes"] == 7_000_000_000
    assert {"WaitedSeconds", "DrawSeconds", "EncodeSeconds", "PublishSeconds"} <= found.keys()
    assert all(TOKEN not in json.dumps(line) for line in written)


def test_failures_are_counted_by_kind(lines: Any) -> None:
    with Harness(dependencies={"telemetry": Telemetry("test")}) as harness:
        harness.generator.error = OutOfMemoryError("x")
        harness.run(make_job())
    [line] = [line for line in lines() if line.get("Failures")]
    assert (line["Kind"], line["Outcome"]) == ("OutOfMemoryError", "retry")
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[], ["Kind", "Outcome"]]


def test_without_a_namespace_no_metric_is_written(lines: Any) -> None:
    Telemetry().failed(None, ValueError(), Outcome.RETRY)
    assert lines() == []


def test_the_pace_is_written_once_a_minute_at_most() -> None:
    with Harness() as harness:
        for _ in range(3):
            harness.run(make_job())
        wait_until(lambda: harness.table.pace)
        harness.run(make_job())
    assert len(harness.table.pace) == 1
    [pace] = harness.table.pace
    assert {batch.units for batch in pace.batches} == {
        Tariff(512 * 512, 25, 7.5).cost(make_job().parameters)
    }
    assert pace.batches[0].seconds > 0


def test_a_table_that_refuses_the_pace_stops_no_job() -> None:
    with Harness() as harness:

        def refuse(pace: MeasuredPace) -> None:
            harness.table.pace.append(pace)
            raise StoreError("ThrottlingException")

        harness.table.save_pace = refuse  # type: ignore[method-assign]  # fails once
        harness.run(make_job())
        wait_until(lambda: harness.table.pace)
        harness.run(make_job())
    assert len(harness.publisher.sent) == 2


class Collector:
    """An OpenTelemetry collector on loopback that keeps what arrives."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.paths: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
                    ExportTraceServiceRequest,
                )

                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = ExportTraceServiceRequest.FromString(_unpacked(self.headers, body))
                collector.paths.append(self.path)
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        collector.spans += scope.spans
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Nothing is logged."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _unpacked(headers: Any, body: bytes) -> bytes:
    import gzip

    return gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def traced(collector: Collector, job: Job, error: Exception | None = None) -> dict[str, Any]:
    tracer = tracer_to(collector.url)
    assert isinstance(tracer, JobTracer)
    with Harness(dependencies={"telemetry": Telemetry(tracer=tracer)}) as harness:
        harness.publisher.error = error
        harness.run(job)
        harness.stop()
    tracer.close()
    assert set(collector.paths) == {"/v1/traces"}
    return {span.name: span for span in collector.spans}


def test_a_trace_leads_from_the_interaction_to_the_upload(collector: Collector) -> None:
    job = make_job()
    spans = traced(collector, job)
    assert spans.keys() == {"job", "wait", "prepare", "draw", "encode", "upload"}
    whole = spans["job"]
    assert whole.start_time_unix_nano == int(job.created_at.timestamp() * 1e9)
    assert not whole.parent_span_id
    for name in spans.keys() - {"job"}:
        assert spans[name].parent_span_id == whole.span_id
        assert spans[name].trace_id == whole.trace_id
        assert spans[name].end_time_unix_nano <= whole.end_time_unix_nano
    assert TOKEN not in str(collector.spans)


def test_a_job_that_names_a_trace_continues_it(collector: Collector) -> None:
    spans = traced(collector, replace(make_job(), traceparent=TRACEPARENT))
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    assert spans["job"].parent_span_id.hex() == TRACEPARENT.split("-")[2]


def test_a_job_is_traced_even_if_the_function_did_not_record_its_spans(
    collector: Collector,
) -> None:
    unsampled = TRACEPARENT.removesuffix("01") + "00"
    spans = traced(collector, replace(make_job(), traceparent=unsampled))
    assert spans.keys() >= {"job", "draw", "upload"}
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}


def test_a_failed_job_is_a_failed_span_that_names_the_error(collector: Collector) -> None:
    spans = traced(collector, make_job(), PicturesTooLargeError("x"))
    assert spans["job"].status.code == 2
    assert spans["job"].status.message == "PicturesTooLargeError"
    assert "upload" not in spans


def test_without_a_collector_or_the_packages_there_is_no_tracer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert tracer_to(None) is None
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert tracer_to("http://127.0.0.1:1") is None


def test_every_metric_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs/worker.md").read_text()
    assert [name for name in UNITS if f"`{name}`" not in page] == []
