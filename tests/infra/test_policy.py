"""checkov and parliament find nothing in the module but justified exceptions."""

import json
import re
import shutil

import pytest

from infra.policy.tools import Scan, Tools
from tests.infra.terraform_module import LAYOUT, Resource, Suite

EVERYTHING = "every_setting_reaches_the_worker_and_the_function"
WRONG = """
resource "aws_security_group" "open" {
  description = "Everything comes in."

  ingress {
    description = "Everything"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
WRONG_FOLDER = "wrong"
MODULE = "*.tf", "*.json"


@pytest.fixture(scope="module")
def tools() -> Tools:
    """checkov and parliament."""
    return Tools.ready(LAYOUT)


@pytest.fixture(scope="module")
def scan(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """checkov's results for the module and for one more file that is wrong."""
    folder = tmp_path_factory.mktemp("policy") / "infra"
    for path in (path for pattern in MODULE for path in LAYOUT.infra.rglob(pattern)):
        copy = folder / path.relative_to(LAYOUT.infra)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (folder / WRONG_FOLDER).mkdir()
    (folder / WRONG_FOLDER / "main.tf").write_text(WRONG)
    return tools.checkov(folder)


def exceptions() -> dict[tuple[str, str], str]:
    """The reason of each exception, by file and rule."""
    found = {}
    for path in LAYOUT.infra.rglob("*.tf"):
        for rule, reason in re.findall(r"checkov:skip=(\w+):? *(.*)", path.read_text()):
            found[f"/{path.relative_to(LAYOUT.infra)}", rule] = reason
    return found


def test_checkov_has_no_finding_without_a_justification(scan: Scan) -> None:
    assert scan.unparsed == ()
    assert len(scan.passed) > 100
    wrong = [check for check in scan.failed if not check.file.startswith(f"/{WRONG_FOLDER}/")]
    assert wrong == []


def test_checkov_reports_a_wrong_setting(scan: Scan) -> None:
    assert "CKV_AWS_24" in {check.rule for check in scan.failed}


def test_every_exception_is_needed(scan: Scan) -> None:
    needed = {(check.file, check.rule) for check in scan.skipped}
    assert exceptions().keys() == needed


def test_every_exception_has_a_reason() -> None:
    assert all(len(reason.split()) >= 8 for reason in exceptions().values())


def policies(resources: list[Resource]) -> dict[str, str]:
    """Every policy of a deployment, by the address of its resource."""
    found = {}
    for resource in resources:
        for name in ("policy", "assume_role_policy"):
            text = resource.values.get(name) or ""
            if text.startswith("{") and "Statement" in text:
                found[f"{resource.address}.{name}"] = _with_resource(json.loads(text))
    return found


def _with_resource(policy: dict[str, list[dict[str, object]]]) -> str:
    """The policy with a `Resource` in each statement, as parliament requires."""
    for statement in policy["Statement"]:
        statement.setdefault("Resource", "arn:aws:iam::123456789012:role/itself")
    return json.dumps(policy)


def test_parliament_has_no_finding_in_any_policy(tools: Tools, deployment: Suite) -> None:
    found = policies(deployment.state_after(EVERYTHING))
    assert len(found) >= 23
    assert tools.parliament(found) == []


WRONG_STATEMENTS = {
    "UNKNOWN_ACTION": {"Action": "sqs:Send", "Resource": "arn:aws:sqs:eu-west-1:1:q"},
    "RESOURCE_STAR": {"Action": "sqs:SendMessage", "Resource": "*"},
    "RESOURCE_MISMATCH": {"Action": "sqs:SendMessage", "Resource": "arn:aws:s3:::b"},
    "PERMISSIONS_MANAGEMENT_ACTIONS": {"Action": "sns:AddPermission", "Resource": "*"},
}
"""Statements that are wrong, by the issue that parliament has with each."""


@pytest.fixture(scope="module")
def findings_in_wrong_policies(tools: Tools) -> list[str]:
    """parliament's findings in policies that are called like what is wrong with them."""
    version = {"Version": "2012-10-17"}
    return tools.parliament(
        {
            issue: json.dumps({**version, "Statement": [{"Effect": "Allow", **statement}]})
            for issue, statement in WRONG_STATEMENTS.items()
        }
    )


@pytest.mark.parametrize("issue", WRONG_STATEMENTS)
def test_parliament_reports_a_wrong_policy(
    findings_in_wrong_policies: list[str], issue: str
) -> None:
    assert any(finding.startswith(f"{issue}: {issue}") for finding in findings_in_wrong_policies)
