"""Each program's role allows exactly the actions that its source calls."""

import json
from collections.abc import Iterator

import pytest

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


def allowed(deployment: Suite, address: str) -> Iterator[str]:
    """Every action that the policies below an address allow."""
    for resource in deployment.state_after(APPLIED):
        if resource.type == "aws_iam_role_policy" and resource.address.startswith(address):
            for statement in json.loads(resource.values["policy"])["Statement"]:
                actions = statement["Action"]
                yield from [actions] if isinstance(actions, str) else actions


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


def test_actions_are_read_from_the_source() -> None:
    assert "sqs:SendMessage" in SOURCE.actions("discord_diffusion.functions.interactions.handler")
    assert "sqs:SendMessage" not in SOURCE.actions("discord_diffusion.worker.__main__")
