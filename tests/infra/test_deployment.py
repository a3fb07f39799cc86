"""What the module would make of an account: names, permissions, environments."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from discord_diffusion.settings import InteractionsSettings, WorkerSettings
from tests.infra.terraform_module import Resource, Suite

DEFAULTS = "the_defaults_deploy_to_aws"
EVERYTHING = "every_setting_reaches_the_worker_and_the_function"
EMULATED = "the_emulator_needs_no_more_than_the_rig_says"
PREFIXES = {
    DEFAULTS: "discord-diffusion-test-",
    EVERYTHING: "discord-diffusion-full-",
    EMULATED: "discord-diffusion-local-",
}
NAMES = ("name", "function_name")
# What is named by its parent, or by AWS alone.
NAMELESS = {
    "aws_api_gateway_account",
    "aws_api_gateway_deployment",
    "aws_api_gateway_integration",
    "aws_api_gateway_method",
    "aws_api_gateway_method_settings",
    "aws_api_gateway_resource",
    "aws_api_gateway_stage",
    "aws_iam_role_policy_attachment",
    "aws_sqs_queue_redrive_policy",
}
# What Lambda and ECS tell a process by themselves, and the emulator too.
SET_BY_AWS = {"AWS_REGION", "AWS_DEFAULT_REGION"}
POLICIES = ("policy", "assume_role_policy", "redrive_policy", "redrive_allow_policy")


class Recorder(Mapping[str, str]):
    """An environment that notes which variables are asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def function_environment(resources: list[Resource]) -> dict[str, str]:
    """The environment of the Lambda `interactions`."""
    functions = [found for found in resources if found.type == "aws_lambda_function"]
    assert [function.address for function in functions] == [
        "module.interactions_function.aws_lambda_function.this"
    ]
    variables: dict[str, str] = functions[0].values["environment"][0]["variables"]
    return variables


def worker_environment(deployment: Suite, run: str) -> dict[str, str]:
    """The output `worker_environment` after a run."""
    value: dict[str, str] = deployment.outputs_after(run)["worker_environment"]
    return value


def statements(resources: list[Resource]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the address of its resource."""
    for resource in resources:
        for name in POLICIES:
            for statement in document(resource.values.get(name)).get("Statement", []):
                yield resource.address, statement


def document(policy: str | None) -> dict[str, Any]:
    """A policy, or an empty one where the mocked provider made up a text."""
    try:
        parsed: dict[str, Any] = json.loads(policy or "{}")
    except ValueError:
        return {}
    return parsed


def as_list(value: str | list[str]) -> list[str]:
    """A part of a policy, which may be one string or several."""
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("run", PREFIXES)
def test_every_name_begins_with_project_and_environment(deployment: Suite, run: str) -> None:
    resources = deployment.state_after(run)
    named = 0
    for resource in resources:
        if resource.type in NAMELESS:
            continue
        name = next(resource.values[key] for key in NAMES if resource.values.get(key))
        if resource.type == "aws_cloudwatch_log_group":
            name = name.rsplit("/", 1)[1]
        if resource.type == "aws_lambda_permission":
            continue
        assert name.startswith(PREFIXES[run]), f"{resource.address} is named {name}"
        named += 1
    assert named >= 8


@pytest.mark.parametrize("run", PREFIXES)
def test_no_two_resources_of_a_type_share_a_name(deployment: Suite, run: str) -> None:
    names = [
        (resource.type, resource.values[key])
        for resource in deployment.state_after(run)
        for key in NAMES
        if resource.type not in NAMELESS and resource.values.get(key)
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("run", [DEFAULTS, EMULATED])
def test_no_policy_allows_a_wildcard(deployment: Suite, run: str) -> None:
    allowed = [
        (address, statement)
        for address, statement in statements(deployment.state_after(run))
        if statement["Effect"] == "Allow"
    ]
    assert len(allowed) >= 4
    for address, statement in allowed:
        assert not [action for action in as_list(statement["Action"]) if "*" in action], address
        for resource in as_list(statement.get("Resource", [])):
            assert resource.startswith("arn:aws:"), address
            # Lambda names the streams of a log group; nothing else is left open.
            assert "*" not in resource.removesuffix(":log-stream:*"), address


def test_both_targets_make_the_same_resources_but_for_when_the_redrive_policy_is_set(
    deployment: Suite,
) -> None:
    at_aws = {resource.address for resource in deployment.state_after(DEFAULTS)}
    emulated = {resource.address for resource in deployment.state_after(EMULATED)}
    assert at_aws - emulated == {"module.queue.aws_sqs_queue_redrive_policy.jobs[0]"}
    assert emulated <= at_aws


def test_the_function_is_told_exactly_what_its_settings_read(deployment: Suite) -> None:
    environment = Recorder(function_environment(deployment.state_after(EVERYTHING)))
    settings = InteractionsSettings.from_environ(environment)
    assert environment.asked - SET_BY_AWS == set(environment)
    assert (settings.default_steps, settings.default_height) == (12, 128)


def test_the_worker_is_told_exactly_what_its_settings_read(deployment: Suite) -> None:
    environment = Recorder(worker_environment(deployment, EVERYTHING))
    settings = WorkerSettings.from_environ(environment)
    assert environment.asked - SET_BY_AWS == set(environment)
    assert (settings.pipeline.device, settings.stop_timeout_seconds) == ("cuda:1", 90)


def test_the_module_and_the_settings_have_the_same_defaults(deployment: Suite) -> None:
    function = function_environment(deployment.state_after(DEFAULTS))
    required = {name: function[name] for name in ("QUEUE_URL", "DISCORD_PUBLIC_KEY")}
    assert InteractionsSettings.from_environ(function) == InteractionsSettings.from_environ(
        required
    )

    worker = worker_environment(deployment, DEFAULTS)
    required = {name: worker[name] for name in ("QUEUE_URL", "MODEL")}
    assert WorkerSettings.from_environ(worker) == WorkerSettings.from_environ(required)
