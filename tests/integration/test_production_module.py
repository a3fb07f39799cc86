"""The whole production module is applied beside another deployment, planned and destroyed."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from emulation.rig.emulator_client import client_options
from emulation.rig.options import lambda_architecture
from emulation.rig.state import StackState
from emulation.rig.terraform import Terraform
from emulation.rig.waiting import wait_until
from infra.deploy.aws import Aws
from infra.deploy.task_definitions import deregister_revisions
from tests.integration.inventory import Client, count_named, inventory
from tests.stack import Stack
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
NAME = "production"
PREFIX = f"discord-diffusion-{NAME}"
# The kinds of resources in the module.
KINDS = 28


@dataclass(frozen=True)
class EmulatedAws(Aws):
    """AWS as the deploy step calls it, in the emulator."""

    make_client: Client

    def client(self, service: str) -> Any:
        return self.make_client(service)


def client(state: StackState, service: str) -> Any:
    return boto3.client(service, **client_options(state))  # type: ignore[call-overload]


def production(state: StackState, folder: Path) -> Terraform:
    """The module with a VPC of its own, a task that runs, and all that it makes on request."""
    terraform = Terraform(LAYOUT, folder)
    terraform.write_variables(
        {
            "target": "localstack",
            "region": state.region,
            "environment": NAME,
            "emulator_endpoint": state.aws_endpoint,
            "discord_public_key": "00" * 32,
            "discord_application_id": "123456789012345678",
            "lambda_package": str(LAYOUT.lambda_package),
            "lambda_architecture": lambda_architecture(),
            "worker_image": "discord-diffusion/worker",
            "network": {"create_vpc": True},
            "fleet": {"minimum_tasks": 1, "maximum_tasks": 25},
            "manage_api_gateway_account": True,
            "alarm_email": "me@example.com",
            "tracing": True,
            "point_in_time_recovery": True,
        }
    )
    return terraform


def types(terraform: Terraform) -> set[str]:
    """The types of what is in its state: `managed` resources and `data` sources."""
    resources = json.loads(terraform.read_state())["resources"]
    return {f"{item['mode']} {item['type']}" for item in resources}


# An apply, a destroy and two plans of a hundred resources each.
@pytest.mark.timeout(900)
def test_a_deployment_is_made_beside_another_and_destroyed_without_it(
    stack: Stack, tmp_path: Path
) -> None:
    """The other one, the stack of all tests, is in the account's VPC, and paused."""
    clients = partial(client, stack.state)
    other = stack.state.ecs_cluster_name
    before = inventory(clients)
    terraform = production(stack.state, tmp_path / NAME)
    outputs = terraform.apply(lambda _: None)
    ecs = clients("ecs")

    def running() -> bool:
        described = ecs.describe_services(
            cluster=outputs["ecs_cluster_name"], services=[outputs["ecs_service_name"]]
        )
        return bool(described["services"][0]["runningCount"])

    wait_until(running, "a task runs")
    assert terraform.is_up_to_date()
    assert {"managed aws_api_gateway_account", "managed aws_vpc"} <= types(terraform)
    made = count_named(clients, PREFIX)
    assert made.keys() >= count_named(clients, other).keys()
    assert len(made) >= KINDS

    # As the deploy step does: Terraform leaves the worker's revisions.
    terraform.destroy()
    assert types(terraform) == set()
    assert count_named(clients, PREFIX) == {"task definition": 1}
    deregister_revisions(EmulatedAws(stack.state.region, clients), f"{PREFIX}-worker")
    # So nothing of it is left, whatever its name.
    assert inventory(clients) == before
    assert stack.plan_is_empty()
