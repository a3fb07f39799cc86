"""Terraform plans: their changes, and those that would lose jobs or the address."""

from typing import Any

import pytest

from infra.deploy.choices import Choices
from infra.deploy.errors import RefusedError
from infra.deploy.flow import check_losses
from infra.deploy.plan import TAINTED, Plan


def change(address: str, kind: str, *actions: str, reason: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"address": address, "type": kind, "change": {"actions": list(actions)}}
    return found | ({"action_reason": reason} if reason else {})


def plan_of(*changes: dict[str, Any]) -> Plan:
    return Plan.from_json({"resource_changes": list(changes)})


def test_unchanged_and_read_resources_are_no_changes() -> None:
    plan = plan_of(change("a", "aws_x", "no-op"), change("data.b", "aws_y", "read"))
    assert plan.changes == ()
    assert plan.summary() == "0 to make, 0 to change, 0 to remove"


def test_a_replacement_counts_as_made_and_removed() -> None:
    plan = plan_of(change("a", "aws_x", "delete", "create"), change("b", "aws_x", "update"))
    assert plan.summary() == "1 to make, 1 to change, 1 to remove"
    assert plan.steps == 3


def test_a_plan_that_removes_jobs_or_the_address_has_losses() -> None:
    plan = plan_of(
        change("module.queue.jobs", "aws_sqs_queue", "delete", "create"),
        change("module.table.jobs", "aws_dynamodb_table", "update"),
        change("api", "aws_api_gateway_rest_api", "delete"),
        change("role", "aws_iam_role", "delete", "create"),
    )
    assert [lost.address for lost in plan.losses] == ["module.queue.jobs", "api"]


def test_a_plan_with_losses_is_refused_unless_replacement_is_allowed() -> None:
    plan = plan_of(change("module.queue.jobs", "aws_sqs_queue", "delete", "create"))
    with pytest.raises(RefusedError, match=r"module\.queue\.jobs.*--allow-replacement"):
        check_losses(plan, Choices())
    check_losses(plan, Choices(allow_replacement=True))


def test_the_replacement_of_a_tainted_resource_is_no_loss() -> None:
    half = change("queue", "aws_sqs_queue", "delete", "create", reason=TAINTED)
    assert plan_of(half).losses == ()


def test_a_plan_without_changes_has_none() -> None:
    assert Plan.from_json({}).changes == ()
