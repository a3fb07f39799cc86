"""The AMIs of a deployment: made of a builder, listed, removed with their snapshots."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from infra.deploy.ami.builder import Patience, Progress
from infra.deploy.ami.site import BASE_TAG, DEPLOYMENT_TAG, IMAGE_TAG, Recipe, as_filters, as_tags
from infra.deploy.aws import Aws, named
from infra.deploy.errors import AmiError


@dataclass(frozen=True)
class Ami:
    """One AMI: `state` is EC2's word for it, for example `pending` or `available`."""

    id: str
    name: str
    state: str
    created: str
    worker_image: str
    base: str
    snapshots: tuple[str, ...]


def find(aws: Aws, prefix: str) -> list[Ami]:
    """The AMIs of a deployment, the newest first."""
    by_tag = as_filters({DEPLOYMENT_TAG: prefix})
    filters = [*by_tag, {"Name": "tag-key", "Values": [IMAGE_TAG]}]
    with named("ec2:DescribeImages"):
        found = aws.client("ec2").describe_images(Owners=["self"], Filters=filters)["Images"]
    return sorted((_ami(one) for one in found), key=lambda ami: ami.created, reverse=True)


def _ami(found: dict[str, Any]) -> Ami:
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    disks = [mapping.get("Ebs", {}) for mapping in found.get("BlockDeviceMappings", [])]
    return Ami(
        found["ImageId"],
        found["Name"],
        found["State"],
        found.get("CreationDate", ""),
        tags.get(IMAGE_TAG, ""),
        tags.get(BASE_TAG, ""),
        tuple(disk["SnapshotId"] for disk in disks if disk.get("SnapshotId")),
    )


def create(aws: Aws, recipe: Recipe, instance: str) -> str:
    """Make the AMI of a builder that has stopped; its id."""
    tags = as_tags(recipe.tags, recipe.name)
    with named("ec2:CreateImage"):
        answer = aws.client("ec2").create_image(
            InstanceId=instance,
            Name=recipe.name,
            Description=f"{recipe.site.image} on {recipe.base}"[:255],
            TagSpecifications=[
                {"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")
            ],
        )
    return str(answer["ImageId"])


def wait(aws: Aws, ami: str, patience: Patience, progress: Progress) -> None:
    """Return once it can be launched.

    Raises:
        AmiError: EC2 could not make it, or it took too long.
    """
    deadline = time.monotonic() + patience.image
    while (state := _state(aws, ami)) != "available":
        if state != "pending":
            raise AmiError(f"The AMI {ami} is {state}: EC2 could not make it. Run it again.")
        if time.monotonic() > deadline:
            raise AmiError(
                f"The AMI {ami} is not ready after {patience.image:.0f} s. Run it again."
            )
        progress(f"{ami} is {state}")
        time.sleep(patience.poll)


def _state(aws: Aws, ami: str) -> str:
    with named("ec2:DescribeImages"):
        found = aws.client("ec2").describe_images(ImageIds=[ami])["Images"]
    return str(found[0]["State"]) if found else "gone"


def superseded(known: list[Ami], keep: int, needed: Collection[str | None]) -> list[Ami]:
    """Of AMIs from the newest to the oldest those beyond `keep`, but for what is needed."""
    return [ami for ami in known[keep:] if ami.id not in needed]


def remove(aws: Aws, ami: Ami) -> None:
    """Remove an AMI and the snapshots that it is billed by."""
    client = aws.client("ec2")
    with named("ec2:DeregisterImage"):
        client.deregister_image(ImageId=ami.id)
    for snapshot in ami.snapshots:
        with named("ec2:DeleteSnapshot"):
            client.delete_snapshot(SnapshotId=snapshot)


def in_use(aws: Aws, template: str) -> str | None:
    """The AMI that the next instance of a launch template starts from, if the template exists."""
    client = aws.client("ec2")
    with named("ec2:DescribeLaunchTemplateVersions"):
        names = [{"Name": "launch-template-name", "Values": [template]}]
        if not client.describe_launch_templates(Filters=names)["LaunchTemplates"]:
            return None
        found = client.describe_launch_template_versions(
            LaunchTemplateName=template, Versions=["$Latest"]
        )["LaunchTemplateVersions"]
    return str(found[0]["LaunchTemplateData"].get("ImageId", ""))
