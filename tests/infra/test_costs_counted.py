"""The counts of docs/costs.md are those of the resources that Terraform creates."""

from collections.abc import Iterator

import pytest

from infra.capacity.figures import counts
from tests.infra.terraform_module import Resource, Suite

DEFAULTS = "the_defaults_deploy_to_aws"
HIGH_RESOLUTION = (10, 20, 30)


@pytest.fixture(scope="module")
def resources(deployment: Suite) -> list[Resource]:
    """The resources of a deployment with default settings."""
    return deployment.state_after(DEFAULTS)


def of_type(resources: list[Resource], kind: str) -> list[Resource]:
    return [resource for resource in resources if resource.type == kind]


def periods(alarm: Resource) -> Iterator[int]:
    """The period of each metric that an alarm looks at: each is billed."""
    if alarm.values["period"]:
        yield alarm.values["period"]
    for query in alarm.values["metric_query"]:
        yield from (metric["period"] for metric in query["metric"])


def test_every_metric_of_every_alarm_is_billed(resources: list[Resource]) -> None:
    found = [
        period
        for alarm in of_type(resources, "aws_cloudwatch_metric_alarm")
        for period in periods(alarm)
    ]
    fast = [period for period in found if period in HIGH_RESOLUTION]
    assert len(fast) == counts()["alarms_high_resolution"]
    assert len(found) - len(fast) == counts()["alarms"]


def test_dashboards_are_counted(resources: list[Resource]) -> None:
    assert len(of_type(resources, "aws_cloudwatch_dashboard")) == counts()["dashboards"]


def test_the_instances_volume_is_the_billed_one(resources: list[Resource]) -> None:
    (template,) = of_type(resources, "aws_launch_template")
    disk = template.values["block_device_mappings"][0]["ebs"][0]
    assert disk["volume_type"] == "gp3"
    assert disk["volume_size"] == counts()["volume_gigabytes"]
    assert disk["iops"] == counts()["volume_iops"]
    assert disk["throughput"] == counts()["volume_throughput"]


@pytest.mark.parametrize("function", ["backlog", "interactions"])
def test_the_functions_memory_is_the_billed_one(resources: list[Resource], function: str) -> None:
    (memory,) = [
        one.values["memory_size"]
        for one in of_type(resources, "aws_lambda_function")
        if one.values["function_name"].endswith(f"-{function}")
    ]
    assert memory / 1024 == counts()[f"{function}_gigabytes"]


def test_nothing_is_billed_by_the_hour_while_nobody_asks(resources: list[Resource]) -> None:
    """No resource is billed by the hour or month without a line in the bill."""
    billed = {
        "aws_eip",
        "aws_instance",
        "aws_kms_key",
        "aws_lb",
        "aws_nat_gateway",
        "aws_secretsmanager_secret",
    }
    assert [one.address for one in resources if one.type in billed] == []
    endpoints = of_type(resources, "aws_vpc_endpoint")
    assert [one for one in endpoints if one.values["vpc_endpoint_type"] != "Gateway"] == []
