"""Each program's role allows exactly the actions of its source, on the items that it uses."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest

from tests.infra.item_keys import EXAMPLES, STORES, Rights, rights_of
from tests.infra.rights import Source
from tests.infra.terraform_module import LAYOUT, Suite

APPLIED = "the_defaults_deploy_to_aws"
SOURCE = Source(LAYOUT.root / "src")
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
# Each program's policy address, and the actions that AWS itself performs with the role.
PROGRAMS = {
    "discord_diffusion.functions.interactions.handler": ('module.function["interactions"].', LOG),
    "discord_diffusion.functions.backlog.handler": ('module.function["backlog"].', LOG),
    "discord_diffusion.functions.waiting.handler": ('module.function["waiting"].', LOG),
    "discord_diffusion.functions.dead_letters.handler": (
        'module.function["dead_letters"].',
        # Actions of the event source mapping:
        # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
        LOG | {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    ),
    "discord_diffusion.worker.__main__": (
        "module.fleet.aws_iam_role_policy.task",
        # The worker calls the ECS agent beside the task, which calls ECS:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
        {"ecs:UpdateTaskProtection"},
    ),
}


def statements(deployment: Suite, address: str) -> Iterator[Mapping[str, Any]]:
    """Every statement of the policies below an address; its actions are a list."""
    for resource in deployment.state_after(APPLIED):
        if resource.type == "aws_iam_role_policy" and resource.address.startswith(address):
            for statement in json.loads(resource.values["policy"])["Statement"]:
                actions = statement["Action"]
                yield statement | {"Action": [actions] if isinstance(actions, str) else actions}


def allowed(deployment: Suite, address: str) -> Iterator[str]:
    """Every action that the policies below an address allow."""
    for statement in statements(deployment, address):
        yield from statement["Action"]


# What the source cannot show: methods that only share a name with a method that the program calls
# (`get`), and transactions without a put.
NOT_CALLED = {
    "discord_diffusion.functions.backlog.handler": {"dynamodb:BatchGetItem"},
    "discord_diffusion.functions.waiting.handler": {"dynamodb:PutItem"},
    "discord_diffusion.functions.dead_letters.handler": {"dynamodb:PutItem"},
    "discord_diffusion.worker.__main__": {"dynamodb:BatchGetItem"},
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_programs_role_allows_exactly_the_calls_it_makes(deployment: Suite, program: str) -> None:
    address, by_aws = PROGRAMS[program]
    called = SOURCE.actions(program) - NOT_CALLED.get(program, set())
    assert set(allowed(deployment, address)) == called | by_aws


# Methods that a program does not call: it only names something else of that name.
_ATTRIBUTES = {"FleetStateStore.drew_at", "FleetStateStore.ready_at"}
NAMESAKES = {
    "discord_diffusion.functions.interactions.handler": {*_ATTRIBUTES, "JobStore.begin"},
    "discord_diffusion.functions.backlog.handler": {"FleetStateStore.get", "JobStore.get"},
    "discord_diffusion.functions.waiting.handler": _ATTRIBUTES,
    "discord_diffusion.worker.__main__": {*_ATTRIBUTES, "FleetStateStore.get"},
}


@cache
def rights(method: str) -> Rights:
    return rights_of(method)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_programs_role_is_limited_to_the_kinds_of_items_that_it_uses(
    deployment: Suite, program: str
) -> None:
    called = SOURCE.methods(program) - NAMESAKES.get(program, set())
    methods = {method for method in called if method.startswith(STORES)}
    assert methods <= EXAMPLES.keys(), "each has an example"
    used = {right for method in methods for right in rights(method)}
    granted: set[tuple[str, str]] = set()
    for statement in statements(deployment, PROGRAMS[program][0]):
        condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
        patterns = condition.get("dynamodb:LeadingKeys", ["*"])
        found = {
            (pattern, right)
            for pattern in patterns
            for right in used
            if right[0] in statement["Action"] and fnmatchcase(right[1], pattern)
        }
        granted |= {right for _, right in found}
        if condition:
            assert {pattern for pattern, _ in found} == set(patterns), "no kind is needless"
    assert granted == used


def test_actions_are_read_from_the_source() -> None:
    assert "sqs:SendMessage" in SOURCE.actions("discord_diffusion.functions.interactions.handler")
    assert "sqs:SendMessage" not in SOURCE.actions("discord_diffusion.worker.__main__")
