"""The AMI with the worker's image: made on the emulator's EC2, whose instances never stop by
themselves, so that the tests stop the builder as its user data would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest

from emulation.rig.stack.clients import client_options
from emulation.rig.stack.terraform import Terraform
from infra.deploy.ami import images
from infra.deploy.ami.builder import Builder, Patience, Progress, builders
from infra.deploy.ami.making import Making, remove_everything
from infra.deploy.ami.site import Recipe, Site, newest_base
from infra.deploy.aws import Aws
from infra.deploy.errors import AmiError, StoppedError
from tests.stack import Stack
from tests.waiting import eventually
from toolchain.layout import Layout

PREFIX = "discord-diffusion-test"
# Of AWS's public parameters the emulator knows those of Amazon Linux 2.
BASE = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2/gpu/recommended/image_id"
SOON = Patience(poll=0.05, builder=60.0, image=60.0)


@pytest.fixture(autouse=True)
def _account(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack's account, as a shell names it."""
    options = client_options(stack.state)
    monkeypatch.setenv("AWS_ENDPOINT_URL", options["endpoint_url"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", options["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", options["aws_secret_access_key"])


@pytest.fixture
def aws(stack: Stack) -> Aws:
    return Aws(stack.state.region)


@pytest.fixture
def ec2(stack: Stack) -> Any:
    return boto3.client("ec2", **client_options(stack.state))


@pytest.fixture(scope="module")
def site(stack: Stack) -> Site:
    """The stack's deployment."""
    terraform = Terraform(Layout.of_this_checkout(), stack.folder.path / "terraform")
    return Site.of(terraform.outputs().values, PREFIX, 60, {"Environment": "test"})


@pytest.fixture
def recipe(aws: Aws, site: Site) -> Iterator[Recipe]:
    """What is to be made; whatever was made of it is gone afterwards."""
    yield Recipe(site, newest_base(aws, BASE))
    remove_everything(aws, PREFIX, unseen)


@contextmanager
def unseen(_title: str) -> Iterator[Progress]:
    yield lambda _text: None


@contextmanager
def stopped_when_it_runs(aws: Aws, ec2: Any) -> Iterator[None]:
    """What the user data ends with."""

    def stop() -> None:
        eventually(lambda: bool(builders(aws, PREFIX)), "the builder to run")
        ec2.stop_instances(InstanceIds=[builders(aws, PREFIX)[0]["InstanceId"]])

    thread = threading.Thread(target=stop)
    thread.start()
    yield
    thread.join()


def test_an_ami_is_made_of_what_the_builder_pulled(aws: Aws, recipe: Recipe, ec2: Any) -> None:
    with stopped_when_it_runs(aws, ec2):
        made = Making(aws, recipe, unseen, SOON).make()
    [ami] = images.find(aws, PREFIX)
    assert (ami.id, ami.state, ami.name) == (made, "available", recipe.name)
    assert (ami.worker_image, ami.base) == (recipe.site.image, recipe.base)
    [snapshot] = ec2.describe_snapshots(SnapshotIds=list(ami.snapshots))["Snapshots"]
    assert {"Key": "Deployment", "Value": PREFIX} in snapshot["Tags"]
    assert builders(aws, PREFIX) == []


def test_the_same_ami_is_not_made_twice(aws: Aws, recipe: Recipe, ec2: Any) -> None:
    with stopped_when_it_runs(aws, ec2):
        made = Making(aws, recipe, unseen, SOON).make()
    assert Making(aws, recipe, unseen, SOON).make() == made
    assert builders(aws, PREFIX) == []


def test_the_builder_can_pull_and_nothing_reaches_it(aws: Aws, recipe: Recipe, ec2: Any) -> None:
    builder = Builder(aws, recipe, SOON)
    instance = builder.start()
    [found] = builders(aws, PREFIX)
    assert found["InstanceId"] == instance == builder.find()
    assert found["ImageId"] == recipe.base
    assert found["IamInstanceProfile"]["Arn"].endswith(f"/{PREFIX}-ami-builder")
    [interface] = found["NetworkInterfaces"]
    assert [group["GroupName"] for group in interface["Groups"]] == [f"{PREFIX}-instances"]
    behavior = ec2.describe_instance_attribute(
        InstanceId=instance, Attribute="instanceInitiatedShutdownBehavior"
    )
    assert behavior["InstanceInitiatedShutdownBehavior"]["Value"] == "stop"


def test_an_interrupted_run_goes_on_with_its_builder(aws: Aws, recipe: Recipe, ec2: Any) -> None:
    @contextmanager
    def interrupted(title: str) -> Iterator[Progress]:
        if title.startswith("Wait until the builder"):
            raise KeyboardInterrupt
        yield lambda _text: None

    with pytest.raises(StoppedError):
        Making(aws, recipe, interrupted, SOON).make()
    [left] = builders(aws, PREFIX)

    ec2.stop_instances(InstanceIds=[left["InstanceId"]])
    made = Making(aws, recipe, unseen, SOON).make()
    [ami] = images.find(aws, PREFIX)
    assert ami.id == made
    assert builders(aws, PREFIX) == []


def test_a_builder_that_does_not_stop_is_removed(aws: Aws, recipe: Recipe) -> None:
    impatient = Patience(poll=0.01, builder=0.02)
    with pytest.raises(AmiError, match="did not stop within"):
        Making(aws, recipe, unseen, impatient).make()
    assert builders(aws, PREFIX) == []
    assert images.find(aws, PREFIX) == []


def test_a_builder_that_somebody_removed_is_told(aws: Aws, recipe: Recipe, ec2: Any) -> None:
    builder = Builder(aws, recipe, SOON)
    instance = builder.start()
    ec2.terminate_instances(InstanceIds=[instance])
    with pytest.raises(AmiError, match="somebody removed it"):
        builder.wait(instance, lambda _text: None)


def test_an_ami_goes_with_its_snapshots(aws: Aws, recipe: Recipe, ec2: Any) -> None:
    for tag in ("v1", "v2"):
        site = replace(recipe.site, image=f"registry.example/worker:{tag}")
        with stopped_when_it_runs(aws, ec2):
            Making(aws, Recipe(site, recipe.base), unseen, SOON).make()
    one, other = images.find(aws, PREFIX)
    images.remove(aws, one)
    assert images.find(aws, PREFIX) == [other]
    left = {found["SnapshotId"] for found in ec2.describe_snapshots()["Snapshots"]}
    assert set(other.snapshots) <= left
    assert one.snapshots
    assert not left & set(one.snapshots)


def test_the_fleet_says_which_ami_it_starts_from(aws: Aws, stack: Stack) -> None:
    assert str(images.in_use(aws, f"{PREFIX}-worker")).startswith("resolve:ssm:")
    assert images.in_use(aws, "no-such-template") is None
