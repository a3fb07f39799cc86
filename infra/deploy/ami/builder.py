"""The builder: an instance that pulls the worker's image and stops by itself."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.ami.site import BASE_TAG, DEPLOYMENT_TAG, IMAGE_TAG, Recipe, as_filters, as_tags
from infra.deploy.ami.user_data import failure, user_data
from infra.deploy.aws import Aws, code_of, named
from infra.deploy.errors import AmiError

INSTANCE_TYPE = "m6i.large"
"""Pulling takes no GPU: so it needs no quota of GPU instances, and costs a fifth."""
_ALIVE = ["pending", "running", "stopping", "stopped"]
_NO_ROOM = ("InsufficientInstanceCapacity", "Unsupported")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Patience:
    """How often AWS is asked, and for how long: seconds."""

    poll: float = 10.0
    builder: float = 3600.0
    image: float = 5400.0


@dataclass(frozen=True)
class Builder:
    """Finds, starts, waits for and removes the builder of one recipe."""

    aws: Aws
    recipe: Recipe
    patience: Patience = field(default_factory=Patience)

    def find(self) -> str | None:
        """The builder that an earlier run of the same recipe started, if it is still there."""
        wanted = {name: self.recipe.tags[name] for name in (IMAGE_TAG, BASE_TAG)}
        for instance in builders(self.aws, self.recipe.site.prefix):
            tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
            if wanted.items() <= tags.items():
                return str(instance["InstanceId"])
        return None

    def start(self) -> str:
        """Start one, in the first subnet that has room; its id.

        Raises:
            AwsError: EC2 refused it everywhere.
        """
        *others, last = self.recipe.site.subnet_ids
        for subnet in others:
            try:
                return self._start_in(subnet)
            except ClientError as error:
                if code_of(error) not in _NO_ROOM:
                    break
        with named("ec2:RunInstances"):
            return self._start_in(last)

    def _start_in(self, subnet: str) -> str:
        site = self.recipe.site
        tags = as_tags(self.recipe.tags, _name(site.prefix))
        disk = {"VolumeSize": site.volume_gb, "VolumeType": "gp3", "Throughput": 500, "Iops": 3000}
        answer = self.aws.client("ec2").run_instances(
            ImageId=self.recipe.base,
            InstanceType=INSTANCE_TYPE,
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": site.instance_profile},
            # What the user data ends with is a stop, and the disk is kept.
            InstanceInitiatedShutdownBehavior="stop",
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            BlockDeviceMappings=[
                {
                    "DeviceName": "/dev/xvda",
                    "Ebs": {**disk, "Encrypted": True, "DeleteOnTermination": True},
                }
            ],
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "SubnetId": subnet,
                    "Groups": [site.security_group_id],
                    "AssociatePublicIpAddress": True,
                    "DeleteOnTermination": True,
                }
            ],
            TagSpecifications=[
                {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")
            ],
            UserData=user_data(site.image),
        )
        return str(answer["Instances"][0]["InstanceId"])

    def wait(self, instance: str, progress: Progress) -> None:
        """Return once it has stopped by itself, with the image on its disk.

        Raises:
            AmiError: it failed, went away or took too long.
        """
        deadline = time.monotonic() + self.patience.builder
        while (state := self._state(instance)) != "stopped":
            if state not in _ALIVE:
                raise AmiError(f"The builder {instance} is {state}: somebody removed it.")
            if time.monotonic() > deadline:
                raise AmiError(
                    f"The builder {instance} did not stop within {self.patience.builder:.0f} s. "
                    f"Its console ends with:\n{self._console(instance)[-1500:]}"
                )
            progress(f"{instance} is {state}")
            time.sleep(self.patience.poll)
        if told := failure(self._console(instance)):
            raise AmiError(f"The builder could not pull {self.recipe.site.image}:\n{told}")

    def _state(self, instance: str) -> str:
        with named("ec2:DescribeInstances"):
            found = self.aws.client("ec2").describe_instances(InstanceIds=[instance])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def _console(self, instance: str) -> str:
        with named("ec2:GetConsoleOutput"):
            found = self.aws.client("ec2").get_console_output(InstanceId=instance)
        return str(found.get("Output", ""))


def builders(aws: Aws, prefix: str) -> list[dict[str, Any]]:
    """Every builder of a deployment that is there, whatever it builds."""
    filters = as_filters({DEPLOYMENT_TAG: prefix, "Name": _name(prefix)})
    with named("ec2:DescribeInstances"):
        found = aws.client("ec2").describe_instances(
            Filters=[*filters, {"Name": "instance-state-name", "Values": _ALIVE}]
        )
    return [one for group in found["Reservations"] for one in group["Instances"]]


def terminate(aws: Aws, instances: list[str]) -> None:
    """Remove builders with their disks, and wait until they are gone from their network."""
    if not instances:
        return
    client = aws.client("ec2")
    with named("ec2:TerminateInstances"):
        client.terminate_instances(InstanceIds=instances)
        client.get_waiter("instance_terminated").wait(InstanceIds=instances)


def _name(prefix: str) -> str:
    return f"{prefix}-ami-builder"
