"""A deployment's throttling, concurrency, log retention and encryption."""

import json
from collections.abc import Iterator

import pytest

from tests.infra.terraform_module import Resource, Suite

DEFAULTS = "the_defaults_deploy_to_aws"
EVERYTHING = "every_setting_reaches_the_worker_and_the_function"
EMULATED = "the_rigs_variables_suffice_for_the_emulator"
RUNS = (DEFAULTS, EVERYTHING, EMULATED)
# The resource types that write a log, and the beginning of the name of each one's log group.
LOGS = {
    "aws_api_gateway_stage": "/aws/apigateway/",
    "aws_ecs_task_definition": "/ecs/",
    "aws_lambda_function": "/aws/lambda/",
    "aws_sfn_state_machine": "/aws/vendedlogs/states/",
}


def of_type(resources: list[Resource], kind: str) -> Iterator[dict[str, object]]:
    """The values of all resources of a type."""
    return (resource.values for resource in resources if resource.type == kind)


@pytest.mark.parametrize("run", RUNS)
def test_the_api_has_the_configured_throttling(deployment: Suite, run: str) -> None:
    [found] = of_type(deployment.state_after(run), "aws_api_gateway_method_settings")
    [settings] = found["settings"]  # type: ignore[misc]
    assert found["method_path"] == "*/*"
    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (100, 200)


def test_concurrency_is_reserved_for_interactions_where_the_account_allows_it(
    deployment: Suite,
) -> None:
    reserved = {
        run: {
            str(found["function_name"]): found["reserved_concurrent_executions"]
            for found in of_type(deployment.state_after(run), "aws_lambda_function")
        }
        for run in (DEFAULTS, EVERYTHING)
    }
    assert set(reserved[DEFAULTS].values()) == {-1}
    assert reserved[EVERYTHING].pop("discord-diffusion-full-interactions") == 50
    assert set(reserved[EVERYTHING].values()) == {-1}


@pytest.mark.parametrize("run", RUNS)
def test_every_log_has_a_retention(deployment: Suite, run: str) -> None:
    groups = list(of_type(deployment.state_after(run), "aws_cloudwatch_log_group"))
    assert {group["retention_in_days"] for group in groups} == {14}


@pytest.mark.parametrize("run", RUNS)
def test_every_writer_of_a_log_depends_on_its_log_group(deployment: Suite, run: str) -> None:
    resources = deployment.state_after(run)
    names = [str(group["name"]) for group in of_type(resources, "aws_cloudwatch_log_group")]
    for kind, folder in LOGS.items():
        writers = len(list(of_type(resources, kind)))
        assert writers == len([name for name in names if name.startswith(folder)]) > 0, kind
    assert len(names) == sum(len(list(of_type(resources, kind))) for kind in LOGS)


@pytest.mark.parametrize("run", RUNS)
def test_all_stored_data_is_encrypted(deployment: Suite, run: str) -> None:
    resources = deployment.state_after(run)
    queues = list(of_type(resources, "aws_sqs_queue"))
    assert [queue["sqs_managed_sse_enabled"] for queue in queues] == [True, True]
    [table] = of_type(resources, "aws_dynamodb_table")
    # DynamoDB encrypts every table; by default with a key of its own, whose use is not billed.
    assert table["server_side_encryption"] == []
    [template] = of_type(resources, "aws_launch_template")
    disks = template["block_device_mappings"]
    assert [disk["ebs"][0]["encrypted"] for disk in disks] == ["true"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("run", RUNS)
def test_queues_refuse_requests_without_tls(deployment: Suite, run: str) -> None:
    for queue in of_type(deployment.state_after(run), "aws_sqs_queue"):
        [statement] = json.loads(str(queue["policy"]))["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
