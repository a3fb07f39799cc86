"""A Terraform module of a fleet can be applied, used and destroyed on the emulator."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import emulators
import pytest
from running_emulator import ROOT, Emulator
from small_fleet import IMAGE, SmallFleet, worker_tasks

from toolchain import terraform
from toolchain.terraform import REATTACH_VARIABLE

MODULE = Path(__file__).with_name("fleet_module")
NAME = "demo"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = emulators.make_folder(tmp_path_factory, "fleet-terraform")
    running = emulators.start(folder, worker_tasks())
    yield running
    running.remove()


@pytest.fixture(scope="module")
def run(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs Terraform in the module."""
    program = terraform.find(ROOT / ".cache")
    if program is None:
        pytest.skip("Terraform is not set up")
    state = tmp_path_factory.mktemp("state")
    terraform.initialise(program, MODULE, state / "data")
    environment = {
        name: value
        for name, value in terraform.environment(state / "data").items()
        # The provider that tests share reads no endpoint from the environment, as this one must.
        if not name.startswith(("AWS_", REATTACH_VARIABLE))
    }
    environment["AWS_ENDPOINT_URL"] = emulator.config.endpoint

    def called(*words: str) -> subprocess.CompletedProcess[str]:
        inputs = (f"-state={state / 'terraform.tfstate'}", f"-var=name={NAME}", "-no-color")
        inputs += (f"-var=image={IMAGE}",)
        return subprocess.run(
            [str(program), f"-chdir={MODULE}", *words, *inputs],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return called


def test_a_fleet_is_applied_scales_plans_no_change_and_is_destroyed(
    run: Run, emulator: Emulator
) -> None:
    applied = run("apply", "-auto-approve")
    assert applied.returncode == 0, applied.stderr
    planned = run("plan", "-detailed-exitcode")
    assert planned.returncode == 0, planned.stdout + planned.stderr

    stack = SmallFleet(emulator, NAME)
    stack.wait(stack.while_publishing(3, stack.running), "a task runs")
    planned = run("plan", "-detailed-exitcode")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    stack.wait(stack.while_publishing(0, stack.is_asleep), "the fleet sleeps again")

    destroyed = run("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stderr
    assert remaining(emulator) == []


def remaining(emulator: Emulator) -> list[str]:
    """The resources of the fleet that still exist."""
    ecs = emulator.client("ecs")
    clusters = ecs.describe_clusters(clusters=[NAME])["clusters"]
    groups = emulator.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    alarms = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    providers = ecs.describe_capacity_providers()["capacityProviders"]
    active = [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]
    return [json.dumps(item, default=str) for item in active + groups + alarms + providers]
