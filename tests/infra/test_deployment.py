"""The resources of a whole deployment: names, permissions, environments."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from discord_diffusion.settings.functions import (
    BacklogSettings,
    DeadLettersSettings,
    WaitingSettings,
)
from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.settings.worker import WorkerSettings
from tests.infra.terraform_module import Resource, Suite

DEFAULTS = "the_defaults_deploy_to_aws"
EVERYTHING = "every_setting_reaches_the_worker_and_the_function"
EMULATED = "the_rigs_variables_suffice_for_the_emulator"
LONGEST = "the_longest_names_fit_awss_limits"
PREFIXES = {
    DEFAULTS: "discord-diffusion-test",
    EVERYTHING: "discord-diffusion-full",
    EMULATED: "discord-diffusion-local",
    LONGEST: "a-project-of-20-ltrs-env-of-12-ls",
}
# Types that have no name of their own.
NAMELESS = {
    "aws_api_gateway_account",
    "aws_api_gateway_deployment",
    "aws_api_gateway_integration",
    "aws_api_gateway_method",
    "aws_api_gateway_method_settings",
    "aws_api_gateway_resource",
    "aws_api_gateway_stage",
    "aws_appautoscaling_target",
    "aws_cloudwatch_event_target",
    "aws_ecr_lifecycle_policy",
    "aws_ecs_cluster_capacity_providers",
    "aws_iam_role_policy_attachment",
    "aws_lambda_permission",
    "aws_route_table_association",
    "aws_sns_topic_subscription",
    "aws_sqs_queue_redrive_policy",
    "terraform_data",
}
# Types that are named by the tag `Name`: those of EC2, and an event source mapping.
TAGGED = {
    "aws_default_security_group",
    "aws_internet_gateway",
    "aws_lambda_event_source_mapping",
    "aws_route_table",
    "aws_subnet",
    "aws_vpc",
    "aws_vpc_endpoint",
    "aws_vpc_security_group_egress_rule",
}
NAMES = {
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_ecs_task_definition": "family",
    "aws_lambda_function": "function_name",
}
# The longest names that AWS allows, from each service's API reference.
LIMITS = {
    "aws_api_gateway_rest_api": 1024,
    "aws_appautoscaling_policy": 256,
    "aws_autoscaling_group": 255,
    "aws_budgets_budget": 100,
    "aws_cloudwatch_dashboard": 255,
    "aws_cloudwatch_event_rule": 64,
    "aws_cloudwatch_log_group": 512,
    "aws_cloudwatch_metric_alarm": 255,
    "aws_dynamodb_table": 255,
    "aws_ecr_repository": 256,
    "aws_ecs_capacity_provider": 255,
    "aws_ecs_cluster": 255,
    "aws_ecs_service": 255,
    "aws_ecs_task_definition": 255,
    "aws_iam_instance_profile": 128,
    "aws_iam_role": 64,
    "aws_iam_role_policy": 128,
    "aws_lambda_function": 64,
    "aws_launch_template": 128,
    "aws_security_group": 255,
    "aws_sfn_state_machine": 80,
    "aws_sns_topic": 256,
    "aws_sqs_queue": 80,
}
TAG_LIMIT = 256
# Variables that Lambda and ECS, and the emulator too, set themselves.
SET_BY_AWS = {"AWS_REGION", "AWS_DEFAULT_REGION", "ECS_AGENT_URI"}
SETTINGS: dict[str, Callable[[Mapping[str, str]], object]] = {
    "backlog": BacklogSettings.from_environ,
    "dead_letters": DeadLettersSettings.from_environ,
    "interactions": InteractionsSettings.from_environ,
    "waiting": WaitingSettings.from_environ,
}
REQUIRED = {
    "backlog": (
        *("QUEUE_URL", "JOBS_TABLE", "ECS_CLUSTER", "ECS_SERVICE", "METRIC_NAMESPACE"),
        "AUTO_SCALING_GROUP",
    ),
    "dead_letters": ("JOBS_TABLE", "METRIC_NAMESPACE"),
    "interactions": (
        *("QUEUE_URL", "DISCORD_PUBLIC_KEY", "JOBS_TABLE"),
        *("WAKE_STATE_MACHINE_ARN", "CONFIRM_STATE_MACHINE_ARN"),
    ),
    "waiting": ("JOBS_TABLE", "QUEUE_URL"),
}
# Actions without a resource type in AWS's reference:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_RESOURCES = {
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeScalingActivities",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "ecs:DiscoverPollEndpoint",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
# Wildcards for resources that AWS names when they are created: streams of a log group, tasks and
# container instances of a cluster, the UUID of an Auto Scaling group.
NAMED_LATER = re.compile(
    r":(log-stream:|task/[\w-]+/|container-instance/[\w-]+/)\*$"
    r"|(?<=:autoScalingGroup:)\*(?=:autoScalingGroupName/[\w-]+$)"
)
POLICIES = ("policy", "assume_role_policy", "redrive_policy", "redrive_allow_policy")


class Recorder(Mapping[str, str]):
    """An environment that records which variables are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def function_environment(resources: list[Resource], function: str) -> dict[str, str]:
    """The environment of a Lambda."""
    address = f'module.function["{function}"].aws_lambda_function.this'
    [found] = [resource for resource in resources if resource.address == address]
    variables: dict[str, str] = found.values["environment"][0]["variables"]
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


def name_of(resource: Resource) -> str:
    """A resource's own name; a log group's is what follows its service."""
    if resource.type in TAGGED:
        tagged: str = resource.values["tags"]["Name"]
        return tagged
    name: str = resource.values[NAMES.get(resource.type, "name")]
    return name.rsplit("/", 1)[-1] if resource.type == "aws_cloudwatch_log_group" else name


def named(resources: list[Resource]) -> list[Resource]:
    """The resources with a name of their own."""
    return [resource for resource in resources if resource.type not in NAMELESS]


@pytest.mark.parametrize("run", PREFIXES)
def test_every_name_begins_with_project_and_environment(deployment: Suite, run: str) -> None:
    resources = named(deployment.state_after(run))
    assert len(resources) >= 60
    for resource in resources:
        name = name_of(resource)
        whole = name == PREFIXES[run] or name.startswith(f"{PREFIXES[run]}-")
        assert whole, f"{resource.address} is named {name}"


@pytest.mark.parametrize("run", PREFIXES)
def test_no_two_resources_of_a_type_share_a_name(deployment: Suite, run: str) -> None:
    resources = named(deployment.state_after(run))
    names = [(resource.type, whole(resource)) for resource in resources]
    assert len(names) == len(set(names))


def whole(resource: Resource) -> str:
    """The name as AWS has it."""
    name: str = resource.values.get("name") or name_of(resource)
    return name


def test_the_longest_names_fit_awss_limits(deployment: Suite) -> None:
    for resource in named(deployment.state_after(LONGEST)):
        limit = TAG_LIMIT if resource.type in TAGGED else LIMITS[resource.type]
        assert len(whole(resource)) <= limit, f"{resource.address}: {whole(resource)}"


def test_two_environments_share_no_name(deployment: Suite) -> None:
    one, other = (
        {(resource.type, whole(resource)) for resource in named(deployment.state_after(run))}
        for run in (DEFAULTS, EMULATED)
    )
    assert not one & other


@pytest.mark.parametrize("run", [DEFAULTS, EMULATED])
def test_policies_have_wildcards_only_where_aws_has_no_resource(
    deployment: Suite, run: str
) -> None:
    allowed = [
        (address, statement)
        for address, statement in statements(deployment.state_after(run))
        if statement["Effect"] == "Allow"
    ]
    assert len(allowed) >= 40
    for address, statement in allowed:
        actions = set(as_list(statement["Action"]))
        assert not [action for action in actions if "*" in action], address
        for resource in as_list(statement.get("Resource", [])):
            if resource == "*":
                assert actions <= WITHOUT_RESOURCES, address
            else:
                assert resource.startswith("arn:aws:"), address
                assert "*" not in NAMED_LATER.sub("", resource), f"{address}: {resource}"


def test_metrics_may_be_published_only_in_the_deployments_namespace(deployment: Suite) -> None:
    published = [
        statement["Condition"]
        for _, statement in statements(deployment.state_after(DEFAULTS))
        if "cloudwatch:PutMetricData" in as_list(statement["Action"])
    ]
    namespace = PREFIXES[DEFAULTS]
    assert len(published) == 2
    assert {json.dumps(condition) for condition in published} == {
        json.dumps({"StringEquals": {"cloudwatch:namespace": [namespace]}})
    }


def test_both_targets_make_the_same_resources_except_for_the_redrive_policy(
    deployment: Suite,
) -> None:
    at_aws = {resource.address for resource in deployment.state_after(DEFAULTS)}
    emulated = {resource.address for resource in deployment.state_after(EMULATED)}
    assert at_aws - emulated == {"module.queue.aws_sqs_queue_redrive_policy.jobs[0]"}
    assert emulated <= at_aws


def test_launched_resources_have_the_tag_of_the_budget(deployment: Suite) -> None:
    resources = {found.address: found.values for found in deployment.state_after(DEFAULTS)}
    budget = resources["module.observability.aws_budgets_budget.monthly"]
    [filters] = budget["cost_filter"]
    assert filters["values"] == [f"user:Deployment${PREFIXES[DEFAULTS]}"]
    template = resources["module.fleet.aws_launch_template.instance"]
    kinds = {tags["resource_type"]: tags["tags"] for tags in template["tag_specifications"]}
    assert kinds.keys() == {"instance", "volume", "network-interface"}
    assert all("Deployment" in tags for tags in kinds.values())


@pytest.mark.parametrize("function", SETTINGS)
def test_a_functions_environment_is_what_its_settings_read(
    deployment: Suite, function: str
) -> None:
    environment = Recorder(function_environment(deployment.state_after(EVERYTHING), function))
    SETTINGS[function](environment)
    assert environment.read - SET_BY_AWS == set(environment)


def test_the_workers_environment_is_what_its_settings_read(deployment: Suite) -> None:
    environment = Recorder(worker_environment(deployment, EVERYTHING))
    settings = WorkerSettings.from_environ(environment)
    assert environment.read - SET_BY_AWS == set(environment)
    assert (settings.pipeline.device, settings.stop_timeout_seconds) == ("cuda:1", 90)


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_and_its_settings_have_the_same_defaults(
    deployment: Suite, function: str
) -> None:
    environment = function_environment(deployment.state_after(DEFAULTS), function)
    required = {name: environment[name] for name in REQUIRED[function]}
    # The module's default is 4 tasks, the settings' default is 1: each deployment sets it.
    # Its caps of instance hours depend on the least number of tasks, which only it knows.
    chosen = ("MAXIMUM_TASKS", "INSTANCE_HOURS_PER_DAY", "INSTANCE_HOURS_PER_MONTH")
    # What the variable `quality` sets belongs to the default model, which a program does not know.
    chosen += ("DEFAULT_STEPS", "DEFAULT_GUIDANCE", "SCHEDULER", "SECONDS_PER_JOB")
    required |= {name: environment[name] for name in chosen if name in environment}
    assert SETTINGS[function](environment) == SETTINGS[function](required)


def test_the_worker_and_its_settings_have_the_same_defaults(deployment: Suite) -> None:
    environment = worker_environment(deployment, DEFAULTS)
    names = ("QUEUE_URL", "MODEL", "JOBS_TABLE", "METRIC_NAMESPACE", "HEALTH_FILE")
    # The parameters of most jobs have no default in the worker.
    names += ("DEFAULT_GUIDANCE", "DEFAULT_WIDTH", "DEFAULT_HEIGHT")
    # What the variable `quality` sets belongs to the default model.
    names += ("DEFAULT_STEPS", "SCHEDULER", "MODEL_LORA")
    # A worker that nobody told of one has no shared safety checker to download.
    names += ("SAFETY_CHECKER",)
    required = {name: environment[name] for name in names}
    assert WorkerSettings.from_environ(environment) == WorkerSettings.from_environ(required)
