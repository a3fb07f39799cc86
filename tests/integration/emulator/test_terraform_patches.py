"""Budgets and state machines have the operations that Terraform needs."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from running_emulator import ROLE, Emulator

ACCOUNT = "000000000000"
NOTIFICATION = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
TOPIC = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"}
MACHINE = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


@pytest.fixture
def budget(emulator: Emulator) -> Iterator[dict[str, str]]:
    """A monthly budget of 50 dollars that notifies a topic: its account and name."""
    named = {"AccountId": ACCOUNT, "BudgetName": f"b{uuid4().hex[:6]}"}
    budgets = emulator.client("budgets")
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget=limited(named["BudgetName"], "50.0"),
        NotificationsWithSubscribers=[{"Notification": NOTIFICATION, "Subscribers": [TOPIC]}],
        ResourceTags=[{"Key": "Project", "Value": "demo"}],
    )
    yield named
    budgets.delete_budget(**named)


def limited(name: str, amount: str) -> dict[str, Any]:
    limit = {"Amount": amount, "Unit": "USD"}
    return {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": limit,
    }


def test_a_budget_has_subscribers(emulator: Emulator, budget: dict[str, str]) -> None:
    budgets = emulator.client("budgets")
    request = {**budget, "Notification": NOTIFICATION}
    assert budgets.describe_subscribers_for_notification(**request)["Subscribers"] == [TOPIC]
    other = {"SubscriptionType": "EMAIL", "Address": "me@example.com"}
    budgets.create_subscriber(**request, Subscriber=other)
    budgets.delete_subscriber(**request, Subscriber=TOPIC)
    assert budgets.describe_subscribers_for_notification(**request)["Subscribers"] == [other]
    unknown = {**NOTIFICATION, "Threshold": 90.0}
    with pytest.raises(ClientError, match="Unable to find the notification"):
        budgets.describe_subscribers_for_notification(**budget, Notification=unknown)


def test_an_update_of_a_budget_keeps_the_other_fields(
    emulator: Emulator, budget: dict[str, str]
) -> None:
    budgets = emulator.client("budgets")
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=limited(budget["BudgetName"], "20.0"))
    described = budgets.describe_budget(**budget)["Budget"]
    assert float(described["BudgetLimit"]["Amount"]) == 20
    assert described["TimePeriod"]
    notifications = budgets.describe_notifications_for_budget(**budget)["Notifications"]
    assert [n["Threshold"] for n in notifications] == [80]


def test_a_budget_has_tags(emulator: Emulator, budget: dict[str, str]) -> None:
    budgets = emulator.client("budgets")
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{budget['BudgetName']}"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "Owner", "Value": "me"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["Project"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [
        {"Key": "Owner", "Value": "me"}
    ]
    with pytest.raises(ClientError, match="doesn't exist"):
        budgets.list_tags_for_resource(ResourceARN=f"{arn}-other")


@pytest.fixture
def machine(emulator: Emulator) -> Iterator[str]:
    """An EXPRESS state machine that was created without a tracing configuration: its ARN."""
    steps = emulator.client("stepfunctions")
    made: str = steps.create_state_machine(
        name=f"s{uuid4().hex[:6]}", definition=MACHINE, roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    yield made
    steps.delete_state_machine(stateMachineArn=made)


def test_a_state_machine_describes_its_tracing(emulator: Emulator, machine: str) -> None:
    steps = emulator.client("stepfunctions")

    def traced() -> bool:
        described = steps.describe_state_machine(stateMachineArn=machine)
        traced: bool = described["tracingConfiguration"]["enabled"]
        return traced

    assert traced() is False
    steps.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})
    assert traced() is True
    steps.update_state_machine(stateMachineArn=machine, definition=MACHINE)
    assert traced() is True


def test_the_executions_of_a_deleted_state_machine_have_ended(emulator: Emulator) -> None:
    """Terraform removes the role next, which an execution that runs on could not take."""
    steps = emulator.client("stepfunctions")
    endless = {
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Again"},
        "Again": {"Type": "Pass", "Next": "Wait"},
    }
    machine = steps.create_state_machine(
        name=f"s{uuid4().hex[:6]}",
        definition=json.dumps({"StartAt": "Wait", "States": endless}),
        roleArn=ROLE,
    )["stateMachineArn"]
    started = [steps.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(3)]
    steps.delete_state_machine(stateMachineArn=machine)
    statuses = [steps.describe_execution(executionArn=arn)["status"] for arn in started]
    assert statuses == ["ABORTED"] * 3
