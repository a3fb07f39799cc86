"""Which of the GPU instance types the region has, and where."""

from dataclasses import dataclass

from infra.deploy.aws import Aws, named
from infra.deploy.checks.finding import Finding, bad, good, warning
from infra.deploy.choices import Deployment
from infra.deploy.errors import AwsError

_NAME = "GPU instance types"
_USUAL_VCPUS = 4
"""Of an .xlarge, the smallest size with a GPU of its own."""


@dataclass(frozen=True)
class Offers:
    """The zones that have each type, and the most vCPUs that one of the types has."""

    zones: dict[str, tuple[str, ...]]
    vcpus: int


def offers(aws: Aws, types: tuple[str, ...]) -> Offers:
    """Ask EC2.

    Raises:
        AwsError: EC2 did not answer.
    """
    ec2 = aws.client("ec2")
    with named("ec2:DescribeInstanceTypeOfferings"):
        pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": list(types)}],
        )
        rows = [row for page in pages for row in page["InstanceTypeOfferings"]]
    zones = {
        one: tuple(sorted(row["Location"] for row in rows if row["InstanceType"] == one))
        for one in types
    }
    known = [one for one in types if zones[one]]
    if not known:
        return Offers(zones, _USUAL_VCPUS)
    with named("ec2:DescribeInstanceTypes"):
        found = ec2.describe_instance_types(InstanceTypes=known)["InstanceTypes"]
    return Offers(zones, max(one["VCpuInfo"]["DefaultVCpus"] for one in found))


def instance_types(aws: Aws, deployment: Deployment) -> tuple[Finding, int]:
    """The finding, and the vCPUs of the largest type for the quotas."""
    try:
        found = offers(aws, deployment.instance_types)
    except AwsError as error:
        return warning(_NAME, str(error), "Allow the calls, or make sure yourself."), _USUAL_VCPUS
    text = "; ".join(
        f"{one} in {', '.join(zones) if zones else 'no zone'}" for one, zones in found.zones.items()
    )
    everywhere = {zone for zones in found.zones.values() for zone in zones}
    missing = [one for one, zones in found.zones.items() if not zones]
    if not everywhere:
        to_do = "Choose another region, or other types in fleet.instance_types."
        return bad(_NAME, text, to_do), found.vcpus
    if len(everywhere) < 2 and deployment.create_vpc:
        to_do = "The deployment's own VPC needs two zones: add a type to fleet.instance_types."
        return bad(_NAME, text, to_do), found.vcpus
    if missing:
        to_do = f"Nothing, or take {', '.join(missing)} out of fleet.instance_types."
        return warning(_NAME, text, to_do), found.vcpus
    return good(_NAME, text), found.vcpus
