"""The Lambda `interactions` in a process of its own, with its environment and the SDK."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.telemetry import JobTracer
from tests.messages import text_of
from tests.unit.aws.aws_server import BUSY, EMPTY, AwsServer, serve
from tests.unit.functions.conftest import KEY, TOKEN, event_v1, event_v2, imagine
from toolchain.layout import Layout

CALL = """
import json, sys
from discord_diffusion.functions.interactions.handler import handler
answers = [handler(event, None) for event in json.load(sys.stdin)]
print("ANSWERS " + json.dumps(answers))
"""


@pytest.fixture
def sqs() -> Iterator[AwsServer]:
    with serve() as state:
        state.fixed_answers = EMPTY
        yield state


def start(
    sqs: AwsServer, events: list[dict[str, Any]], **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CALL],
        input=json.dumps(events),
        env={
            "PYTHONPATH": str(Layout.of_this_checkout().root / "src"),
            "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/jobs.fifo",
            "DISCORD_PUBLIC_KEY": KEY.verify_key.encode().hex(),
            "AWS_REGION": "us-east-1",
            "JOBS_TABLE": "test-jobs",
            "WAKE_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:wake",
            "CONFIRM_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:c",
            **sqs.environment,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def answers(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert ended.returncode == 0, ended.stderr
    (line,) = (line for line in ended.stdout.splitlines() if line.startswith("ANSWERS "))
    found: list[dict[str, Any]] = json.loads(line.removeprefix("ANSWERS "))
    return found


def test_a_ping_is_answered_a_forgery_refused_and_a_command_enqueued(sqs: AwsServer) -> None:
    ping, job = b'{"type":1}', json.dumps(imagine(prompt="a `star`")).encode()
    forged = event_v1(job) | {"body": job.decode() + " "}
    answered = answers(start(sqs, [event_v1(ping), forged, event_v2(job)]))
    assert [response["statusCode"] for response in answered] == [200, 401, 200]
    assert json.loads(answered[0]["body"]) == {"type": 1}
    assert "Queued" in text_of(json.loads(answered[2]["body"])["data"])
    assert [action for action, _ in sqs.calls] == [
        "BatchGetItem",
        "BatchGetItem",
        "GetQueueAttributes",
        "StartExecution",
        "TransactWriteItems",
        "SendMessage",
        "StartExecution",
        "PutItem",  # of the channel
    ]


def test_the_log_has_no_token_at_any_level_whether_the_queue_takes_the_job_or_not(
    sqs: AwsServer,
) -> None:
    event = event_v1(json.dumps(imagine(prompt="a private wish")).encode())
    sqs.answers = [(200, {}), BUSY]
    ended = start(sqs, [event, event], LOG_LEVEL="DEBUG")
    assert [response["statusCode"] for response in answers(ended)] == [200, 200]
    log = [line for line in ended.stdout.splitlines() if not line.startswith("ANSWERS ")]
    assert log
    sent = next(body for action, body in sqs.calls if action == "SendMessage")
    assert TOKEN in sent["MessageBody"]
    for text in (*log, ended.stderr):
        assert TOKEN not in text
        assert "private" not in text
    assert {json.loads(line)["message"] for line in log} >= {
        "The job is queued",
        "The queue refused a job",
    }


def test_every_missing_or_wrong_environment_variable_is_named_at_the_start(
    sqs: AwsServer,
) -> None:
    wrong = {"DISCORD_PUBLIC_KEY": "short", "DEFAULT_WIDTH": "100", "MAXIMUM_TASKS": "many"}
    ended = start(sqs, [], QUEUE_URL="", JOBS_TABLE="", **wrong)
    assert ended.returncode != 0
    for name in ("QUEUE_URL", "JOBS_TABLE", *wrong):
        assert name in ended.stderr


def test_the_worker_continues_the_trace_of_the_request_that_brought_the_interaction(
    sqs: AwsServer,
) -> None:
    event = event_v1(json.dumps(imagine(prompt="a star")).encode())
    root, parent = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
    event["headers"]["X-Amzn-Trace-Id"] = f"Root={root};Parent={parent};Sampled=1"
    assert [response["statusCode"] for response in answers(start(sqs, [event]))] == [200]
    body = next(sent["MessageBody"] for action, sent in sqs.calls if action == "SendMessage")
    job = Job.from_json(body)
    assert job.traceparent == f"00-{root[2:].replace('-', '')}-{parent}-01"

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    message = ReceivedMessage("m", "r", body, 1, job.user_id, sent_at=1.0)
    times = {"sent": 1.0, "received": 2.0, "ready": 3.0}
    held = HeldJob(message, job, Mock(), Mock(), last=False, times=times)
    JobTracer(provider).trace(held)
    spans = exporter.get_finished_spans()
    assert {span.name for span in spans} == {"job", "wait", "prepare"}
    assert {f"{span.context.trace_id:032x}" for span in spans} == {root[2:].replace("-", "")}
    (whole,) = (span for span in spans if span.name == "job")
    assert whole.parent
    assert f"{whole.parent.span_id:016x}" == parent
