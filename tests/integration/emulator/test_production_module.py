"""The whole production module can be applied, planned, doubled and destroyed on the emulator."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import emulators
import pytest
from inventory import count_named, inventory
from running_emulator import ROOT, Emulator
from small_fleet import IMAGE, worker_tasks

from emulation.rig.options import lambda_architecture
from emulation.rig.terraform import Outputs, Terraform
from emulation.rig.waiting import wait_until
from infra.deploy.aws import Aws
from infra.deploy.task_definitions import deregister_revisions
from toolchain.layout import Layout
from toolchain.shared_provider import shared_provider
from toolchain.terraform import REATTACH_VARIABLE

LAYOUT = Layout.of_this_checkout()
PUBLIC = [{"Key": "Tier", "Value": "Public"}]
Provider = dict[str, str]
START_SECONDS = 60.0
# The kinds of resources in the module.
KINDS = 28


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = emulators.make_folder(tmp_path_factory, "production")
    # Nothing here waits for an alarm: they are evaluated as often as on AWS.
    running = emulators.start(folder, worker_tasks(alarm_speed=1))
    yield running
    running.remove()


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Provider, Provider]]:
    """A provider for each of two runs of Terraform at once."""
    monkeypatch.delenv(REATTACH_VARIABLE, raising=False)
    with shared_provider(LAYOUT) as first, shared_provider(LAYOUT) as second:
        yield first, second


@dataclass(frozen=True)
class Deployment:
    """One deployment to the emulator, with its own state."""

    name: str
    terraform: Terraform

    @classmethod
    def of(
        cls, emulator: Emulator, provider: Provider, folder: Path, name: str, **settings: Any
    ) -> "Deployment":
        terraform = Terraform(LAYOUT, folder / name, provider)
        terraform.write_variables(
            {
                "target": "localstack",
                "region": "us-east-1",
                "environment": name,
                "emulator_endpoint": emulator.config.endpoint,
                "discord_public_key": "00" * 32,
                "discord_application_id": "123456789012345678",
                "lambda_package": str(ROOT / "build" / "lambda.zip"),
                "lambda_architecture": lambda_architecture(),
                "worker_image": IMAGE,
                **settings,
            }
        )
        return cls(name, terraform)

    @property
    def prefix(self) -> str:
        """The prefix of its resources' names."""
        return f"discord-diffusion-{self.name}"

    def apply(self) -> Outputs:
        return self.terraform.apply(lambda _: None)

    def types(self) -> set[str]:
        """The types of what is in its state: `managed` resources and `data` sources."""
        state = json.loads((self.terraform.folder / "terraform.tfstate").read_text())
        return {f"{item['mode']} {item['type']}" for item in state["resources"]}


def together(*calls: Any) -> list[Any]:
    """Call all at once, and return their results."""
    with ThreadPoolExecutor() as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


@dataclass(frozen=True)
class EmulatedAws(Aws):
    """AWS as the deploy step calls it, in the emulator."""

    emulator: Emulator

    def client(self, service: str) -> Any:
        return self.emulator.client(service)


def remove(deployment: Deployment, emulator: Emulator) -> None:
    """Remove a deployment as the deploy step does: Terraform leaves the worker's revisions."""
    deployment.terraform.destroy()
    assert deployment.types() == set()
    assert count_named(emulator, deployment.prefix) == {"task definition": 1}
    deregister_revisions(EmulatedAws("us-east-1", emulator), f"{deployment.prefix}-worker")
    assert count_named(emulator, deployment.prefix) == {}


def share_the_default_vpc(emulator: Emulator) -> None:
    """Tag its subnets as an account's owner would."""
    ec2 = emulator.client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    ec2.create_tags(Resources=subnets, Tags=PUBLIC)


def without(found: dict[str, list[str]], prefix: str) -> dict[str, list[str]]:
    """An inventory without the resources of a deployment."""
    return {kind: [name for name in names if prefix not in name] for kind, names in found.items()}


# Two applies, a destroy and two plans of a hundred resources each.
@pytest.mark.timeout(900)
def test_two_deployments_exist_side_by_side_and_one_is_destroyed_without_the_other(
    emulator: Emulator, providers: tuple[Provider, Provider], tmp_path: Path
) -> None:
    """The provider waits up to a minute in each apply, so two run at once."""
    share_the_default_vpc(emulator)
    before = inventory(emulator)
    # One with a VPC of its own and a task that runs; the other in the account's VPC, and paused.
    first = Deployment.of(
        emulator,
        providers[0],
        tmp_path,
        "first",
        network={"create_vpc": True},
        fleet={"minimum_tasks": 1, "maximum_tasks": 25},
        manage_api_gateway_account=True,
        alarm_email="me@example.com",
        tracing=True,
    )
    second = Deployment.of(
        emulator,
        providers[1],
        tmp_path,
        "second",
        fleet={"maximum_tasks": 0},
        point_in_time_recovery=True,
    )
    outputs, _ = together(first.apply, second.apply)
    ecs = emulator.client("ecs")

    def running() -> bool:
        described = ecs.describe_services(
            cluster=outputs["ecs_cluster_name"], services=[outputs["ecs_service_name"]]
        )
        return bool(described["services"][0]["runningCount"])

    wait_until(running, "a task runs", START_SECONDS)
    assert first.terraform.is_up_to_date()
    assert first.types() - second.types() >= {
        "managed aws_api_gateway_account",
        "managed aws_vpc",
    }
    made, kept = count_named(emulator, first.prefix), count_named(emulator, second.prefix)
    assert made.keys() >= kept.keys()
    assert len(made) >= KINDS

    remove(first, emulator)
    assert count_named(emulator, second.prefix) == kept
    # So nothing of the first is left, and the second has made nothing that does not bear its name.
    assert without(inventory(emulator), second.prefix) == before
    assert second.terraform.is_up_to_date()
