"""A Terraform module of a fleet can be applied, used and destroyed on the emulator."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_emulator import ROOT, Emulator
from small_fleet import IMAGE, SmallFleet

from toolchain import terraform
from toolchain.layout import Layout
from toolchain.shared_provider import shared_provider
from toolchain.terraform import REATTACH_VARIABLE

MODULE = Path(__file__).with_name("fleet_module")
NAME = "applied"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(fleet_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs Terraform in the module, with a provider that has the emulator from its environment."""
    program = terraform.find(ROOT / ".cache")
    if program is None:
        pytest.skip("Terraform is not set up")
    state = tmp_path_factory.mktemp("state")
    terraform.initialise(program, MODULE, state / "data")
    environment = {
        name: value
        for name, value in terraform.environment(state / "data").items()
        if not name.startswith(("AWS_", REATTACH_VARIABLE))
    }
    environment["AWS_ENDPOINT_URL"] = fleet_emulator.config.endpoint

    def called(*words: str) -> subprocess.CompletedProcess[str]:
        inputs = (f"-state={state / 'terraform.tfstate'}", f"-var=name={NAME}", "-no-color")
        inputs += (f"-var=image={IMAGE}",)
        return subprocess.run(
            [str(program), f"-chdir={MODULE}", *words, *inputs],
            env=environment | provider,
            capture_output=True,
            text=True,
            check=False,
        )

    with shared_provider(Layout.of_this_checkout(), environment) as provider:
        yield called


def test_a_fleet_is_applied_scales_plans_no_change_and_is_destroyed(
    run: Run, fleet_emulator: Emulator
) -> None:
    applied = run("apply", "-auto-approve")
    assert applied.returncode == 0, applied.stderr
    planned = run("plan", "-detailed-exitcode")
    assert planned.returncode == 0, planned.stdout + planned.stderr

    stack = SmallFleet(fleet_emulator, NAME)
    stack.wait(stack.while_publishing(3, stack.running), "a task runs")
    planned = run("plan", "-detailed-exitcode")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    stack.wait(stack.while_publishing(0, stack.is_asleep), "the fleet sleeps again")

    destroyed = run("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stderr
    assert remaining(fleet_emulator) == []


def remaining(emulator: Emulator) -> list[str]:
    """The resources of the fleet that still exist."""
    ecs = emulator.client("ecs")
    clusters = ecs.describe_clusters(clusters=[NAME])["clusters"]
    groups = emulator.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    alarms = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    providers = ecs.describe_capacity_providers()["capacityProviders"]
    active = [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]
    found = [json.dumps(item, default=str) for item in active + groups + alarms + providers]
    return [item for item in found if NAME in item]
