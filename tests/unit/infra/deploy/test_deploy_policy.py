"""infra/deploy/policy.json allows exactly the calls that the deploy step itself makes."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore import xform_name

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
# IAM's prefix of a service's actions, where it is not the SDK's name of the service.
PREFIXES = {
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
BY_DOCKER = {
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
}
# Fields of `Deployment` that are named like operations.
FIELDS = {"create_vpc"}
CHANGES = (
    *("Complete", "Create", "Delete", "Deregister", "Initiate", "Put"),
    *("Send", "Start", "Update", "Upload"),
)


def calls() -> Iterator[str]:
    """The action of each operation that a module of the deploy step names."""
    for path in sorted((ROOT / "infra" / "deploy").glob("*.py")):
        yield from _calls_of(path)


def _calls_of(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    words |= {node.value for node in ast.walk(tree) if _is_text(node)}
    services = re.findall(r'\.client\("([a-z-]+\d?)"\)', path.read_text())
    for service in set(services):
        make = boto3.client  # the service's name is not known to the type checker
        client = make(service, region_name="us-east-2")  # type: ignore[call-overload]
        for operation in client.meta.service_model.operation_names:
            if xform_name(operation) in words - FIELDS:
                yield _action(service, operation)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _action(service: str, operation: str) -> str:
    if service == "apigateway":
        # Its actions are HTTP's methods:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
        return "apigateway:GET"
    return f"{PREFIXES.get(service, service)}:{operation}"


def policy() -> dict[str, list[str]]:
    """The actions of each statement of the policy."""
    content = json.loads((ROOT / "infra" / "deploy" / "policy.json").read_text())
    return {one["Sid"]: one["Action"] for one in content["Statement"]}


def test_the_policy_allows_exactly_what_is_called() -> None:
    allowed = [action for actions in policy().values() for action in actions]
    assert sorted(allowed) == sorted({*calls(), *BY_DOCKER})


def test_what_changes_something_is_apart_from_what_only_looks() -> None:
    for sid, actions in policy().items():
        assert actions == sorted(actions)
        changing = [one for one in actions if one.split(":")[1].startswith(CHANGES)]
        assert changing == (actions if sid == "ChangeWhatIsAskedFor" else [])
