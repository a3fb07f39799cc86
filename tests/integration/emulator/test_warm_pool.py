"""The production module's warm pool on the emulator, where each role has only its rights."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from running_emulator import ROOT, Emulator
from small_fleet import FAST, SmallFleet, make_fleet

from discord_diffusion.aws.autoscaling import InstanceGroup
from discord_diffusion.fleet.instances import GroupState
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.waiting import wait_until
from toolchain import terraform
from toolchain.terraform import REATTACH_VARIABLE

MODULE = Path(__file__).with_name("warm_pool_module")
NAME = "warm"
PULL_SECONDS = 1200
"""Far above all else that a start takes, in AWS's seconds: 20 s here."""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def emulator(iam_emulator: Emulator) -> Iterator[Emulator]:
    agent = FleetAgentClient(iam_emulator.config.endpoint)
    agent.change("settings", pull_seconds=PULL_SECONDS)
    yield iam_emulator
    agent.change("settings", pull_seconds=FAST["pull_seconds"])


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
        # A tag in the own repository, which the instance needs rights to pull from.
        inputs = (f"-var=name={NAME}", "-var=image=v1")
        return subprocess.run(
            [
                str(program),
                f"-chdir={MODULE}",
                *words,
                f"-state={state / 'terraform.tfstate'}",
                *inputs,
                "-no-color",
            ],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return called


def pool(fleet: SmallFleet) -> list[tuple[str, str]]:
    """The ids and lifecycle states of the warm pool's instances."""
    answer = fleet.client("autoscaling").describe_warm_pool(AutoScalingGroupName=fleet.service_name)
    return [(found["InstanceId"], found["LifecycleState"]) for found in answer["Instances"]]


def is_full(fleet: SmallFleet) -> bool:
    """Whether the pool's one instance is stopped."""
    return [state for _, state in pool(fleet)] == ["Warmed:Stopped"]


def power(fleet: SmallFleet, instance: str) -> str:
    """EC2's state of an instance."""
    answer = fleet.client("ec2").describe_instances(InstanceIds=[instance])
    state: str = answer["Reservations"][0]["Instances"][0]["State"]["Name"]
    return state


def launches(fleet: SmallFleet) -> list[str]:
    """What Auto Scaling says of its launches, oldest first."""
    return [
        activity["Description"]
        for activity in fleet.activities()
        if activity["Description"].startswith("Launching")
    ]


def history(fleet: SmallFleet, instance: str) -> list[dict[str, Any]]:
    """The journal's entries of an instance and of what is on it."""
    url = f"{fleet.emulator.config.endpoint}/_emulator/fleet/history"
    return [entry for entry in httpx.get(url).json()["entries"] if instance in str(entry)]


def names_of_groups(emulator: Emulator) -> list[str]:
    """The names of all Auto Scaling groups."""
    found = emulator.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return [group["AutoScalingGroupName"] for group in found]


def states(emulator: Emulator) -> dict[str, str]:
    """EC2's state of each instance."""
    found = emulator.client("ec2").describe_instances()["Reservations"]
    return {one["InstanceId"]: one["State"]["Name"] for each in found for one in each["Instances"]}


# An apply, a plan and a destroy.
@pytest.mark.timeout(900)
def test_a_fleet_wakes_from_its_warm_pool_plans_no_change_and_is_destroyed_with_it(
    run: Run, emulator: Emulator
) -> None:
    groups, instances = names_of_groups(emulator), states(emulator)
    applied = run("apply", "-auto-approve")
    assert applied.returncode == 0, applied.stderr
    fleet = SmallFleet(emulator, NAME)
    fleet.wait(lambda: is_full(fleet), "the pool is full")
    [(warmed, _)] = pool(fleet)
    assert power(fleet, warmed) == "stopped"
    assert fleet.group()["Instances"] == []
    assert (
        emulator.client("ecs").list_container_instances(cluster=NAME)["containerInstanceArns"] == []
    )

    # As the wake-up does.
    fleet.set_desired_count(1)
    emulator.client("autoscaling").set_desired_capacity(
        AutoScalingGroupName=fleet.service_name, DesiredCapacity=1
    )
    [task] = fleet.wait(fleet.running, "a task runs")
    [instance] = fleet.group()["Instances"]
    assert instance["InstanceId"] == warmed
    assert power(fleet, warmed) == "running"
    entries = history(fleet, warmed)
    [started] = [e["aws_at"] for e in entries if e["state"] == "Pending"]
    [ran] = [e["aws_at"] for e in entries if (e["what"], e["state"]) == ("task", "RUNNING")]
    assert ran - started < PULL_SECONDS, task
    assert launches(fleet)[:2] == [
        f"Launching a new EC2 instance into warm pool: {warmed}",
        f"Launching a new EC2 instance from warm pool: {warmed}",
    ]

    fleet.wait(lambda: is_full(fleet), "the pool is full again")
    assert warmed not in dict(pool(fleet))
    planned = run("plan", "-detailed-exitcode")
    assert planned.returncode == 0, planned.stdout + planned.stderr

    destroyed = run("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stderr
    assert names_of_groups(emulator) == groups

    def own_states() -> set[str]:
        return {state for name, state in states(emulator).items() if name not in instances}

    wait_until(lambda: own_states() == {"terminated"}, "no instance is left")


def test_a_warm_pool_is_refused_with_spot_and_kept_while_it_holds_instances(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = make_fleet(emulator, "spot")
    autoscaling = emulator.client("autoscaling")
    name = {"AutoScalingGroupName": fleet.service_name}
    with pytest.raises(ClientError, match="Spot"):
        autoscaling.put_warm_pool(**name, MinSize=1)
    policy = fleet.group()["MixedInstancesPolicy"]
    # A request names the template once.
    del policy["LaunchTemplate"]["LaunchTemplateSpecification"]["LaunchTemplateName"]
    policy["InstancesDistribution"] = {"OnDemandPercentageAboveBaseCapacity": 100}
    autoscaling.update_auto_scaling_group(**name, MixedInstancesPolicy=policy)
    autoscaling.put_warm_pool(**name, MinSize=1, MaxGroupPreparedCapacity=1)
    policy["InstancesDistribution"] = {"OnDemandPercentageAboveBaseCapacity": 50}
    with pytest.raises(ClientError, match="Spot"):
        autoscaling.update_auto_scaling_group(**name, MixedInstancesPolicy=policy)
    fleet.wait(lambda: is_full(fleet), "the pool is full")
    # The scaling loop sees none of it: no instance to count or to end, and no launch.
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.config.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    group = InstanceGroup(fleet.service_name, region="us-east-1")
    assert group.state() == GroupState(0, ())
    assert group.launches() == []
    with pytest.raises(ClientError, match="ForceDelete"):
        autoscaling.delete_warm_pool(**name)
    autoscaling.delete_warm_pool(**name, ForceDelete=True)
    assert fleet.group()["WarmPoolConfiguration"]["Status"] == "PendingDelete"
    fleet.wait(lambda: "WarmPoolConfiguration" not in fleet.group(), "the pool is gone")
