"""Time is moved on: what is due within it happens at its moment, with its functions' own clocks."""

import json
import time
from itertools import pairwise

import httpx
import pytest
from running_emulator import ROLE, Emulator, create_function, zipped
from small_fleet import SmallFleet, moves_time

from emulation.rig.emulator_client import advance

MINUTE = 6.0
"""At the small fleet's `alarm_speed`, an EventBridge minute."""
MOVED = 10.5 * MINUTE
TELLS_TIME = "import time\ndef handler(event, context):\n    return repr(time.time())\n"


@pytest.fixture
def fleet_emulator(moved_emulator: Emulator) -> Emulator:
    return moved_emulator


def received(fleet: SmallFleet, queue: str) -> list[str]:
    """All messages that can be received now."""
    found: list[str] = []
    while True:
        answer = fleet.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return found
        found += [message["Body"] for message in answer["Messages"]]


@moves_time
def test_rules_waits_functions_and_messages_come_in_order_and_at_their_moments(
    fleet: SmallFleet,
) -> None:
    machines, events, sqs = (fleet.client(one) for one in ("stepfunctions", "events", "sqs"))
    told, delayed = (
        sqs.create_queue(QueueName=f"{fleet.name}-{name}")["QueueUrl"] for name in ("told", "late")
    )
    function = create_function(fleet.emulator, {"ZipFile": zipped({"app.py": TELLS_TIME})})
    send = {"QueueUrl": told, "MessageBody.$": "$"}
    states = {
        "Wait": {"Type": "Wait", "Seconds": 15, "Next": "Tell"},
        "Tell": {"Type": "Task", "Resource": function.arn, "Next": "Send"},
        "Send": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": send,
            "End": True,
        },
    }
    machine = machines.create_state_machine(
        name=fleet.name,
        definition=json.dumps({"StartAt": "Wait", "States": states}),
        roleArn=ROLE,
        type="EXPRESS",
    )["stateMachineArn"]
    events.put_rule(Name=fleet.name, ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule=fleet.name, Targets=[{"Id": "machine", "Arn": machine}])
    sqs.send_message(QueueUrl=delayed, MessageBody="late", DelaySeconds=int(MOVED) - 3)
    assert received(fleet, delayed) == []

    endpoint = fleet.emulator.config.endpoint
    began, real = httpx.get(f"{endpoint}/_emulator/clock").json()["now"], time.monotonic()
    moments = advance(endpoint, MOVED)
    took = time.monotonic() - real
    assert took < MOVED / 2
    assert moments["executions"] >= 10
    times = [float(json.loads(body)) for body in received(fleet, told)]
    assert len(times) == pytest.approx(10, abs=1)
    assert times == sorted(times)
    assert times[0] - began == pytest.approx(MINUTE + 1.5, abs=MINUTE / 2)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == pytest.approx([MINUTE] * len(gaps), abs=MINUTE / 2), "not all at the end"
    assert received(fleet, delayed) == ["late"]
    events.remove_targets(Rule=fleet.name, Ids=["machine"])
    events.delete_rule(Name=fleet.name)
    function.emulator.client("lambda").delete_function(FunctionName=function.name)
