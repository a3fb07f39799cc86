"""What is read out of a Terraform plan."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.deploy.choices import Choices
from infra.deploy.errors import RefusedError
from infra.deploy.plan import HALF_MADE, Plan
from infra.deploy.preflight import Ready
from infra.deploy.steps import Steps


def change(address: str, kind: str, *actions: str, reason: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"address": address, "type": kind, "change": {"actions": list(actions)}}
    return found | ({"action_reason": reason} if reason else {})


def plan_of(*changes: dict[str, Any]) -> Plan:
    return Plan.from_json({"resource_changes": list(changes)})


def test_what_stays_and_what_is_only_read_is_no_change() -> None:
    plan = plan_of(change("a", "aws_x", "no-op"), change("data.b", "aws_y", "read"))
    assert plan.changes == ()
    assert plan.in_words() == "0 to make, 0 to change, 0 to remove"


def test_a_replacement_counts_as_made_and_removed() -> None:
    plan = plan_of(change("a", "aws_x", "delete", "create"), change("b", "aws_x", "update"))
    assert plan.in_words() == "1 to make, 1 to change, 1 to remove"
    assert plan.steps == 3


def test_losing_jobs_or_the_address_is_noticed() -> None:
    plan = plan_of(
        change("module.queue.jobs", "aws_sqs_queue", "delete", "create"),
        change("module.table.jobs", "aws_dynamodb_table", "update"),
        change("api", "aws_api_gateway_rest_api", "delete"),
        change("role", "aws_iam_role", "delete", "create"),
    )
    assert [lost.address for lost in plan.losses] == ["module.queue.jobs", "api"]


def test_a_plan_that_loses_jobs_is_refused_unless_that_is_said() -> None:
    steps = Steps(cast(Ready, SimpleNamespace(choices=Choices())), "https://discord.example/api")
    plan = plan_of(change("module.queue.jobs", "aws_sqs_queue", "delete", "create"))
    with pytest.raises(RefusedError, match=r"module\.queue\.jobs.*--allow-replacement"):
        steps.apply(plan, lambda _: None)


def test_what_an_interruption_left_half_made_is_no_loss() -> None:
    half = change("queue", "aws_sqs_queue", "delete", "create", reason=HALF_MADE)
    assert plan_of(half).losses == ()


def test_a_plan_without_changes_has_none() -> None:
    assert Plan.from_json({}).changes == ()
