"""Terraform plans: their changes, and those that would lose jobs or the address."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.choices import Choices
from infra.deploy.errors import RefusedError
from infra.deploy.flow import check_losses
from infra.deploy.plan import TAINTED, Plan
from infra.deploy.terraform import Terraform
from toolchain import terraform
from toolchain.layout import Layout


def change(address: str, kind: str, action: str, reason: str = "") -> dict[str, Any]:
    resource = {"addr": address, "resource_type": kind}
    found: dict[str, Any] = {"resource": resource, "action": action}
    return {"type": "planned_change", "change": found | ({"reason": reason} if reason else {})}


def plan_of(*changes: dict[str, Any]) -> Plan:
    return Plan.from_events(({"type": "version"}, *changes))


def test_unchanged_and_read_resources_are_no_changes() -> None:
    plan = plan_of(change("a", "aws_x", "move"), change("data.b", "aws_y", "read"))
    assert plan.changes == ()
    assert plan.summary() == "0 to make, 0 to change, 0 to remove"


def test_a_replacement_counts_as_made_and_removed() -> None:
    plan = plan_of(change("a", "aws_x", "replace"), change("b", "aws_x", "update"))
    assert plan.summary() == "1 to make, 1 to change, 1 to remove"
    assert plan.steps == 3


def test_a_plan_that_removes_jobs_or_the_address_has_losses() -> None:
    plan = plan_of(
        change("module.queue.jobs", "aws_sqs_queue", "replace"),
        change("module.table.jobs", "aws_dynamodb_table", "update"),
        change("api", "aws_api_gateway_rest_api", "delete"),
        change("role", "aws_iam_role", "replace"),
    )
    assert [lost.address for lost in plan.losses] == ["module.queue.jobs", "api"]


def test_a_plan_with_losses_is_refused_unless_replacement_is_allowed() -> None:
    plan = plan_of(change("module.queue.jobs", "aws_sqs_queue", "replace"))
    with pytest.raises(RefusedError, match=r"module\.queue\.jobs.*--allow-replacement"):
        check_losses(plan, Choices())
    check_losses(plan, Choices(allow_replacement=True))


def test_the_replacement_of_a_tainted_resource_is_no_loss() -> None:
    half = change("queue", "aws_sqs_queue", "replace", reason=TAINTED)
    assert plan_of(half).losses == ()


@pytest.mark.parametrize(
    ("kind", "action", "changes"),
    [
        ("aws_ecs_task_definition", "create", True),
        ("aws_ecs_task_definition", "replace", True),
        ("aws_launch_template", "update", True),
        ("aws_launch_template", "delete", False),
        ("aws_lambda_function", "update", False),
    ],
)
def test_a_worker_is_tested_after_a_change_of_its_task_or_its_instances(
    kind: str, action: str, changes: bool
) -> None:
    assert plan_of(change("a", kind, action)).changes_worker is changes


def test_a_plan_without_changes_has_none() -> None:
    assert plan_of().changes == ()


MODULE = """
variable "version_of" { default = 1 }
resource "terraform_data" "same" { input = "x" }
resource "terraform_data" "updated" { input = var.version_of }
resource "terraform_data" "replaced" { triggers_replace = var.version_of }
resource "terraform_data" "tainted" { input = "y" }
resource "terraform_data" "removed" { count = 2 - var.version_of }
resource "terraform_data" "made" { count = var.version_of - 1 }
"""
"""Resources that Terraform makes itself, without a provider."""


def quiet(_progress: str) -> None:
    """Report no progress."""


def test_terraforms_own_plan_is_read(tmp_path: Path) -> None:
    program = terraform.find(Layout.of_this_checkout().cache)
    assert program
    (tmp_path / "main.tf").write_text(MODULE)
    second = tmp_path / "second.tfvars"
    second.write_text("version_of = 2")
    before = Terraform(program, tmp_path, tmp_path / "data")
    before.initialise()
    first = before.plan(tmp_path / "plan", progress=quiet)
    assert first.summary() == "5 to make, 0 to change, 0 to remove"
    before.apply(tmp_path / "plan", first.steps, quiet)
    subprocess.run(
        [program, f"-chdir={tmp_path}", "taint", "terraform_data.tainted"],
        env=terraform.environment(tmp_path / "data"),
        check=True,
        capture_output=True,
    )
    after = Terraform(program, tmp_path, tmp_path / "data", (second,))
    plan = after.plan(tmp_path / "plan", progress=quiet)
    assert {one.address: (*one.actions, one.reason) for one in plan.changes} == {
        "terraform_data.updated": ("update", ""),
        "terraform_data.replaced": ("delete", "create", "cannot_update"),
        "terraform_data.tainted": ("delete", "create", TAINTED),
        "terraform_data.removed[0]": ("delete", "delete_because_count_index"),
        "terraform_data.made[0]": ("create", ""),
    }
    assert {one.type for one in plan.changes} == {"terraform_data"}
