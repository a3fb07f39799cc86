"""infra/deploy/policy.json allows exactly the calls that the deploy step itself makes."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


# What AWS cannot limit to resources, or what has to be looked for among all of an account.
EVERYWHERE = ("LookAtAccount", "ChangeAccountAsAgreed")


def statements() -> list[dict[str, Any]]:
    """The statements of the policy."""
    content = json.loads((ROOT / "infra" / "deploy" / "policy.json").read_text())
    found: list[dict[str, Any]] = content["Statement"]
    return found


def test_the_policy_allows_exactly_what_is_called() -> None:
    allowed = [action for one in statements() for action in one["Action"]]
    assert sorted(allowed) == sorted({*calls(), *BY_DOCKER})


def test_what_changes_something_is_apart_from_what_only_looks() -> None:
    for one in statements():
        actions, changes = one["Action"], one["Sid"].startswith("Change")
        assert actions == sorted(actions)
        changing = [name for name in actions if name.split(":")[1].startswith(CHANGES)]
        assert changing == (actions if changes else [])


def test_what_can_be_named_is_named() -> None:
    for one in statements():
        resources = one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
        assert ("*" in resources) == (one["Sid"] in EVERYWHERE), one["Sid"]
        named = ("discord-diffusion-*", "aws-service-role/*", "parameter/aws/service/*")
        for resource in set(resources) - {"*"}:
            assert any(name in resource for name in named), resource
