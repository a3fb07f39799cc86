"""Alarms, schedules and waits run at the fleet agent's setting `alarm_speed`."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_emulator import ROLE, Emulator
from small_fleet import SmallFleet

PERIOD = 6.0
"""Of an alarm on minutes, at the small fleet's `alarm_speed`."""


@pytest.fixture
def fleet_emulator(moved_emulator: Emulator) -> Emulator:
    return moved_emulator


def test_an_alarm_can_evaluate_metric_math(fleet: SmallFleet) -> None:
    cloudwatch = fleet.client("cloudwatch")
    queries: list[dict[str, Any]] = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": fleet.name, "MetricName": name},
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for name in ("wanted", "running")
    ]
    missing = {"Id": "missing", "Expression": "IF(wanted > 0 AND running < 1, 1, 0)"}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{fleet.name}-out",
        Metrics=[*queries, missing],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )

    def state_after(running: float) -> str:
        """The alarm's state after two of its periods, which last 6 s here."""
        fleet.pass_time(PERIOD)  # the data of before are in a period of their own
        data = [{"MetricName": "wanted", "Value": 1}, {"MetricName": "running", "Value": running}]
        cloudwatch.put_metric_data(Namespace=fleet.name, MetricData=data)
        fleet.pass_time(PERIOD)
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[f"{fleet.name}-out"])["MetricAlarms"]
        return str(alarm["StateValue"])

    assert state_after(0) == "ALARM"
    assert state_after(1) == "OK"


def test_schedules_and_waits_are_as_fast_as_the_alarms(fleet: SmallFleet) -> None:
    machines, events = fleet.client("stepfunctions"), fleet.client("events")
    queue = fleet.client("sqs").create_queue(QueueName=fleet.name)["QueueUrl"]
    definition = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 15, "Next": "Send"},
            "Send": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {"QueueUrl": queue, "MessageBody": "waited"},
                "End": True,
            },
        },
    }
    machine = machines.create_state_machine(
        name=fleet.name, definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    events.put_rule(Name=fleet.name, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=fleet.name, Targets=[{"Id": "machine", "Arn": machine, "RoleArn": ROLE}]
    )
    # At a tenth of the time: a rate of 6 s and a wait of 1.5 s, where AWS takes 75 s.
    receive = fleet.client("sqs").receive_message
    fleet.pass_time(8)
    assert receive(QueueUrl=queue).get("Messages"), "the machine has waited"
    events.remove_targets(Rule=fleet.name, Ids=["machine"])
    events.delete_rule(Name=fleet.name)


def test_a_scaled_minute_lasts_until_its_state_machines_have_ended(fleet: SmallFleet) -> None:
    machines, events = fleet.client("stepfunctions"), fleet.client("events")
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 110, "End": True}}}
    machine = machines.create_state_machine(
        name=fleet.name, definition=json.dumps(wait), roleArn=ROLE
    )["stateMachineArn"]
    events.put_rule(Name=fleet.name, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=fleet.name, Targets=[{"Id": "machine", "Arn": machine, "RoleArn": ROLE}]
    )

    def executions() -> list[Any]:
        return list(machines.list_executions(stateMachineArn=machine)["executions"])

    # At a tenth of the time: a minute of 6 s, in which a wait of 11 s starts.
    fleet.pass_time(20)
    assert len(executions()) == 2, "the second minute has begun, and no third one"
    events.remove_targets(Rule=fleet.name, Ids=["machine"])
    events.delete_rule(Name=fleet.name)
    second, first = sorted(executions(), key=lambda execution: execution["startDate"], reverse=True)
    assert first["stopDate"] <= second["startDate"]


def test_old_executions_are_deleted(fleet: SmallFleet) -> None:
    machines, events = fleet.client("stepfunctions"), fleet.client("events")
    done = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = machines.create_state_machine(
        name=fleet.name, definition=json.dumps(done), roleArn=ROLE
    )["stateMachineArn"]
    for _ in range(110):
        machines.start_execution(stateMachineArn=machine)

    def kept() -> int:
        pages = machines.get_paginator("list_executions").paginate(stateMachineArn=machine)
        return sum(len(page["executions"]) for page in pages)

    # Other tests' schedules may delete some as well.
    events.put_rule(Name=fleet.name, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=fleet.name, Targets=[{"Id": "machine", "Arn": machine, "RoleArn": ROLE}]
    )
    fleet.wait(lambda: kept() <= 101, "the newest hundred are left")
    events.remove_targets(Rule=fleet.name, Ids=["machine"])
    events.delete_rule(Name=fleet.name)


def test_express_executions_cannot_be_described(fleet: SmallFleet) -> None:
    machines = fleet.client("stepfunctions")
    done = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = machines.create_state_machine(
        name=f"{fleet.name}-express", definition=json.dumps(done), roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    execution = machines.start_execution(stateMachineArn=machine)["executionArn"]

    def is_forgotten() -> bool:
        try:
            machines.describe_execution(executionArn=execution)
        except ClientError as error:
            return error.response["Error"]["Code"] == "ExecutionDoesNotExist"
        return False

    fleet.wait(is_forgotten, "nothing is kept of an execution that has ended")
