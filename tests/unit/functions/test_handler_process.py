"""The function as Lambda starts it: in a process of its own, with its environment and the SDK."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.aws.aws_server import BUSY, EMPTY, Sqs, serve
from tests.unit.functions.conftest import KEY, TOKEN, event_v1, event_v2, imagine
from toolchain.layout import Layout

CALL = """
import json, sys
from discord_diffusion.functions.interactions.handler import handler
answers = [handler(event, None) for event in json.load(sys.stdin)]
print("ANSWERS " + json.dumps(answers))
"""


@pytest.fixture
def sqs() -> Iterator[Sqs]:
    with serve() as state:
        state.others = EMPTY
        yield state


def start(
    sqs: Sqs, events: list[dict[str, Any]], **environment: str
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
    (line,) = (one for one in ended.stdout.splitlines() if one.startswith("ANSWERS "))
    found: list[dict[str, Any]] = json.loads(line.removeprefix("ANSWERS "))
    return found


def test_the_function_answers_a_ping_refuses_a_forgery_and_enqueues_a_command(sqs: Sqs) -> None:
    ping, job = b'{"type":1}', json.dumps(imagine(prompt="a `star`")).encode()
    forged = event_v1(job) | {"body": job.decode() + " "}
    answered = answers(start(sqs, [event_v1(ping), forged, event_v2(job)]))
    assert [one["statusCode"] for one in answered] == [200, 401, 200]
    assert json.loads(answered[0]["body"]) == {"type": 1}
    assert "Queued" in json.loads(answered[2]["body"])["data"]["content"]
    assert [action for action, _ in sqs.calls] == [
        "GetItem",
        "BatchGetItem",
        "GetQueueAttributes",
        "TransactWriteItems",
        "SendMessage",
        "StartExecution",
    ]


def test_the_log_holds_no_token_at_any_level_whether_the_queue_takes_the_job_or_not(
    sqs: Sqs,
) -> None:
    event = event_v1(json.dumps(imagine(prompt="a private wish")).encode())
    sqs.answers = [(200, {}), BUSY]
    ended = start(sqs, [event, event], LOG_LEVEL="DEBUG")
    assert [one["statusCode"] for one in answers(ended)] == [200, 200]
    log = [line for line in ended.stdout.splitlines() if not line.startswith("ANSWERS ")]
    assert log
    sent = next(body for action, body in sqs.calls if action == "SendMessage")
    assert TOKEN in sent["MessageBody"]
    for text in (*log, ended.stderr):
        assert TOKEN not in text
        assert "private" not in text
    assert {json.loads(line)["message"] for line in log} >= {"Queued", "The queue refused a job"}


def test_a_function_without_its_environment_says_all_that_it_lacks_when_it_starts(
    sqs: Sqs,
) -> None:
    wrong = {"DISCORD_PUBLIC_KEY": "short", "DEFAULT_WIDTH": "100", "MAXIMUM_TASKS": "many"}
    ended = start(sqs, [], QUEUE_URL="", JOBS_TABLE="", **wrong)
    assert ended.returncode != 0
    for name in ("QUEUE_URL", "JOBS_TABLE", *wrong):
        assert name in ended.stderr
