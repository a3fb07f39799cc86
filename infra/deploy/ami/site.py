"""What an AMI is made from, and with: read from a deployment's Terraform outputs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.deploy.aws import Aws, named
from infra.deploy.errors import RefusedError

BASE_PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
"""AWS's public parameter that names its newest ECS image with GPU drivers.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html"""

_BY_PARAMETER = "resolve:ssm:"
DEPLOYMENT_TAG, IMAGE_TAG, BASE_TAG = "Deployment", "WorkerImage", "BaseAmi"


@dataclass(frozen=True)
class Site:
    """One deployment: the worker's image, and the network and role of an instance that pulls it."""

    prefix: str
    image: str
    instance_profile: str
    security_group_id: str
    subnet_ids: tuple[str, ...]
    volume_gb: int
    tags: Mapping[str, str]

    @classmethod
    def of(
        cls, outputs: Mapping[str, Any], prefix: str, volume_gb: int, tags: Mapping[str, str]
    ) -> "Site":
        """From the outputs of a deployment.

        Raises:
            RefusedError: nothing is deployed, or by an older version of the module.
        """
        found = outputs.get("ami_builder")
        if found is None:
            raise RefusedError(f"{prefix} is not deployed yet: run `make deploy-aws` first.")
        return cls(
            prefix,
            found["image"],
            found["instance_profile"],
            found["security_group_id"],
            tuple(found["subnet_ids"]),
            volume_gb,
            tags,
        )


@dataclass(frozen=True)
class Recipe:
    """One AMI that is wanted: which worker image on which of AWS's images."""

    site: Site
    base: str

    @property
    def name(self) -> str:
        """The AMI's name: the same for the same content, so that it is never made twice."""
        digest = hashlib.sha256(f"{self.site.image}\0{self.base}".encode()).hexdigest()
        return f"{self.site.prefix}-worker-{digest[:12]}"

    @property
    def tags(self) -> dict[str, str]:
        """What tells the AMI and its builder from others."""
        return {
            **self.site.tags,
            DEPLOYMENT_TAG: self.site.prefix,
            IMAGE_TAG: self.site.image,
            BASE_TAG: self.base,
        }


def newest_base(aws: Aws, fleet_ami: str) -> str:
    """The id of the newest image that a parameter names: the one that `fleet.ami` says, unless it
    names an AMI itself, which may be one of ours; AWS's own for ECS with GPU drivers then.

    Raises:
        AwsError: the region has no such parameter.
    """
    parameter = fleet_ami.removeprefix(_BY_PARAMETER)
    if parameter == fleet_ami:
        parameter = BASE_PARAMETER
    with named(f"ssm:GetParameter {parameter}"):
        found = aws.client("ssm").get_parameter(Name=parameter)
    return str(found["Parameter"]["Value"])


def as_tags(values: Mapping[str, str], name: str) -> list[dict[str, str]]:
    """Tags as EC2 takes them, with a name."""
    return [{"Key": key, "Value": value} for key, value in {**values, "Name": name}.items()]


def as_filters(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Filters that find what has all of these tags."""
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in values.items()]
