"""Budgets and state machines answer what Terraform asks of them."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from running_emulator import ROLE, Emulator

ACCOUNT = "000000000000"
TOLD = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
TOPIC = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"}
MACHINE = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


@pytest.fixture
def budget(emulator: Emulator) -> Iterator[dict[str, str]]:
    """A monthly budget of 50 dollars that tells a topic; by account and name."""
    named = {"AccountId": ACCOUNT, "BudgetName": f"b{uuid4().hex[:6]}"}
    budgets = emulator.client("budgets")
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget=limited(named["BudgetName"], "50.0"),
        NotificationsWithSubscribers=[{"Notification": TOLD, "Subscribers": [TOPIC]}],
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


def test_a_budget_knows_whom_it_tells(emulator: Emulator, budget: dict[str, str]) -> None:
    budgets = emulator.client("budgets")
    asked = {**budget, "Notification": TOLD}
    assert budgets.describe_subscribers_for_notification(**asked)["Subscribers"] == [TOPIC]
    other = {"SubscriptionType": "EMAIL", "Address": "me@example.com"}
    budgets.create_subscriber(**asked, Subscriber=other)
    budgets.delete_subscriber(**asked, Subscriber=TOPIC)
    assert budgets.describe_subscribers_for_notification(**asked)["Subscribers"] == [other]
    unknown = {**TOLD, "Threshold": 90.0}
    with pytest.raises(ClientError, match="Unable to find the notification"):
        budgets.describe_subscribers_for_notification(**budget, Notification=unknown)


def test_a_budget_is_changed_and_keeps_what_is_not(
    emulator: Emulator, budget: dict[str, str]
) -> None:
    budgets = emulator.client("budgets")
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=limited(budget["BudgetName"], "20.0"))
    described = budgets.describe_budget(**budget)["Budget"]
    assert float(described["BudgetLimit"]["Amount"]) == 20
    assert described["TimePeriod"]
    told = budgets.describe_notifications_for_budget(**budget)["Notifications"]
    assert [one["Threshold"] for one in told] == [80]


def test_a_budget_has_tags_until_it_goes(emulator: Emulator, budget: dict[str, str]) -> None:
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
    """An EXPRESS state machine that was made without a word of tracing; its ARN."""
    steps = emulator.client("stepfunctions")
    made: str = steps.create_state_machine(
        name=f"s{uuid4().hex[:6]}", definition=MACHINE, roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    yield made
    steps.delete_state_machine(stateMachineArn=made)


def test_a_state_machine_says_whether_it_is_traced(emulator: Emulator, machine: str) -> None:
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
