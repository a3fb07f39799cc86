"""The image `emulator` by itself, started by testcontainers."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.emulator_container import EmulatorContainer

ROLE = "arn:aws:iam::000000000000:role/tests"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorContainer]:
    with EmulatorContainer() as container:
        yield container


def client(emulator: EmulatorContainer, service: str) -> Any:
    make: Any = boto3.client  # the service's name is not known to the type checker
    return make(service, **emulator.client_options())


def test_a_fifo_queue_keeps_the_order_of_a_group(emulator: EmulatorContainer) -> None:
    sqs = client(emulator, "sqs")
    url = sqs.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for number in range(3):
        sqs.send_message(
            QueueUrl=url,
            MessageBody=str(number),
            MessageGroupId="user",
            MessageDeduplicationId=str(number),
        )
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    assert [message["Body"] for message in got["Messages"]] == ["0", "1", "2"]


def test_a_function_runs_in_a_process_of_the_container_and_not_as_root(
    emulator: EmulatorContainer,
) -> None:
    source = """
import os, sys
def handler(event, context):
    return {"uid": os.getuid(), "python": sys.version_info[:2], "echo": event["say"]}
"""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("app.py", source)
    functions = client(emulator, "lambda")
    functions.create_function(
        FunctionName="echo",
        Runtime="python3.13",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": archive.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="echo")
    answer = functions.invoke(FunctionName="echo", Payload=json.dumps({"say": "hello"}))
    found = json.loads(answer["Payload"].read())
    assert found == {"uid": 10001, "python": [3, 13], "echo": "hello"}


def test_it_listens_on_loopback_of_this_machine_only(emulator: EmulatorContainer) -> None:
    bindings = emulator.get_wrapped_container().ports[f"{emulator.port}/tcp"]
    assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}
