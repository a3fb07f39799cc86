"""An emulator that starts with the state of another one, on another port, acts as that one did."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import emulators
import pytest
from running_emulator import Emulator, Function, create_function, zipped
from small_fleet import SmallFleet, add_scaling, make_fleet, worker_tasks

from emulation.rig.emulator_client import emulator_state
from emulation.rig.waiting import wait_until
from tests.targets import DOCKER, TARGET

pytestmark = pytest.mark.skipif(
    TARGET == DOCKER, reason="a container starts without a snapshot: docs/docker.md"
)
SOURCE = """
import json, os

def handler(event, context):
    print("EVENT " + json.dumps(event))
    if "fail" in json.dumps(event):
        raise ValueError("as asked for")
    return dict(os.environ)
"""
TABLE, RULE, NAME = "things", "tick", "restored"


@dataclass(frozen=True)
class Restored:
    """The restored emulator, with names of what the saved one had."""

    emulator: Emulator
    function: Function
    queue: str
    dead_letters: str
    mapped: str
    saved_endpoint: str
    fleet: SmallFleet


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    folder = emulators.make_folder(tmp_path_factory, "saved")
    saved = emulators.start(folder, worker_tasks(folder))
    try:
        function, queue, dead_letters, mapped = _resources(saved)
        fleet = make_fleet(saved, NAME)
        add_scaling(fleet)
        fleet.run_tasks()
        state = emulator_state(saved.config.endpoint, _addresses(saved))
    finally:
        saved.remove()
    file = folder / "state"
    file.write_bytes(state)
    emulator = _start(tmp_path_factory, file)
    try:
        yield Restored(
            emulator,
            Function(emulator, function.name, function.arn),
            queue,
            dead_letters,
            mapped,
            saved.config.endpoint,
            SmallFleet(emulator, NAME),
        )
    finally:
        emulator.remove()


def _addresses(emulator: Emulator) -> dict[str, str]:
    return {"emulator": emulator.config.endpoint.removeprefix("http://")}


def _start(factory: pytest.TempPathFactory, file: Path) -> Emulator:
    folder = emulators.make_folder(factory, "restored")
    return emulators.start(folder, worker_tasks(folder), snapshot=file)


def _resources(emulator: Emulator) -> tuple[Function, str, str, str]:
    """A function, a queue with dead letters, a queue that the function reads, a rule, a table."""
    variables = {"ADDRESS": f"{emulator.config.endpoint}/path", "OTHER": "http://127.0.0.1:1"}
    code = {"ZipFile": zipped({"app.py": SOURCE})}
    function = create_function(emulator, code, Environment={"Variables": variables})
    sqs, events = emulator.client("sqs"), emulator.client("events")
    dead_letters = sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})
    redrive = {"deadLetterTargetArn": _arn(emulator, dead_letters["QueueUrl"])}
    attributes = {
        "FifoQueue": "true",
        "RedrivePolicy": json.dumps(redrive | {"maxReceiveCount": 1}),
        "VisibilityTimeout": "1",
    }
    queue = sqs.create_queue(QueueName="jobs.fifo", Attributes=attributes)["QueueUrl"]
    sqs.send_message(
        QueueUrl=queue, MessageBody="early", MessageGroupId="a", MessageDeduplicationId="1"
    )
    mapped = sqs.create_queue(QueueName="mapped")["QueueUrl"]
    emulator.client("lambda").create_event_source_mapping(
        EventSourceArn=_arn(emulator, mapped), FunctionName=function.name
    )
    events.put_rule(Name=RULE, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=RULE, Targets=[{"Id": "1", "Arn": function.arn, "Input": '{"tick": 1}'}]
    )
    table = emulator.client("dynamodb")
    table.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(TableName=TABLE, Item={"id": {"S": "1"}})
    emulator.client("s3").create_bucket(Bucket="things")
    emulator.client("s3").put_object(Bucket="things", Key="k", Body=b"content")
    return function, queue, dead_letters["QueueUrl"], mapped


def _arn(emulator: Emulator, queue: str) -> str:
    found = emulator.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def test_functions_run_with_the_new_address_in_their_variables(restored: Restored) -> None:
    environment = restored.function.invoke().payload
    endpoint = restored.emulator.config.endpoint
    assert endpoint != restored.saved_endpoint
    assert environment["ADDRESS"] == f"{endpoint}/path"
    assert environment["OTHER"] == "http://127.0.0.1:1"
    assert environment["AWS_ENDPOINT_URL"] == endpoint


def test_tables_and_objects_have_their_content(restored: Restored) -> None:
    client = restored.emulator.client
    assert client("dynamodb").scan(TableName=TABLE)["Items"] == [{"id": {"S": "1"}}]
    assert client("s3").get_object(Bucket="things", Key="k")["Body"].read() == b"content"


def test_a_message_is_received_and_later_dead(restored: Restored) -> None:
    sqs = restored.emulator.client("sqs")

    def received(queue: str) -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
        return [message["Body"] for message in answer.get("Messages", [])]

    assert received(restored.queue) == ["early"]

    def is_dead() -> bool:
        assert received(restored.queue) == [], "it was received as often as it may be"
        return received(restored.dead_letters) == ["early"]

    wait_until(is_dead, "the message is dead")


def test_a_duplicate_of_a_message_is_still_recognised(restored: Restored) -> None:
    sqs = restored.emulator.client("sqs")
    sqs.send_message(
        QueueUrl=restored.queue, MessageBody="twice", MessageGroupId="a", MessageDeduplicationId="1"
    )
    assert "Messages" not in sqs.receive_message(QueueUrl=restored.queue, WaitTimeSeconds=1)


def test_a_queue_calls_its_function_and_a_rule_ticks(restored: Restored) -> None:
    restored.emulator.client("sqs").send_message(QueueUrl=restored.mapped, MessageBody="late")

    def logged(text: str) -> bool:
        return any(text in event for event in restored.function.log_events())

    wait_until(lambda: logged("late"), "the mapping calls the function")
    before = sum("tick" in event for event in restored.function.log_events())
    wait_until(
        lambda: sum("tick" in event for event in restored.function.log_events()) >= before + 2,
        "the rule ticks",
    )


def test_the_fleet_goes_on_and_alarms_move_it(restored: Restored) -> None:
    fleet = restored.fleet
    [task] = fleet.running()
    shown = next(one for one in fleet.agent_state()["tasks"] if one["status"] == "RUNNING")
    assert task["taskArn"].endswith(shown["task"])
    environment = restored.emulator.task_environment(shown)
    assert environment["AWS_ENDPOINT_URL"] == restored.emulator.config.endpoint

    _move(fleet, 5, lambda: len(fleet.running()) == 2, "the alarm adds a task")
    _move(fleet, 0, fleet.is_asleep, "the fleet sleeps")


def _move(fleet: SmallFleet, backlog: float, condition: Callable[[], Any], what: str) -> None:
    fleet.wait(fleet.while_publishing(backlog, condition), what, 60)


def test_an_emulator_ends_if_it_can_not_start_from_a_snapshot(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("damaged") / "state"
    file.write_bytes(b"no pickle")
    with pytest.raises(RuntimeError, match="can't start from"):
        _start(tmp_path_factory, file)
