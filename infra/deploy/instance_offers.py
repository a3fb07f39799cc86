"""What the region offers of the fleet's instance types: zones, sizes, Spot capacity, the AMI."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.deploy.aws import Aws, aws_action
from infra.deploy.errors import AwsError
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.variables import Deployment

USUAL_VCPUS = 4
"""The vCPUs of an .xlarge, the smallest size with a GPU."""
_TYPES, _SPOT, _AMI = "GPU instance types", "Spot capacity", "instance image"
_LOW_SCORE = 3
_SCORED_TYPES = 3
"""With fewer types the score is always low: API_GetSpotPlacementScores, InstanceTypes."""
_BY_PARAMETER = "resolve:ssm:"


@dataclass(frozen=True)
class Offers:
    """The region's offers of some instance types; types that no zone has are in `zones` alone."""

    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vcpus: Mapping[str, int] = field(default_factory=dict)
    architectures: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def largest(self, types: tuple[str, ...]) -> int:
        """The most vCPUs that one of the types has, as far as they are offered."""
        return max((self.vcpus[name] for name in types if name in self.vcpus), default=USUAL_VCPUS)


def _offers(aws: Aws, types: tuple[str, ...]) -> Offers:
    ec2 = aws.client("ec2")
    with aws_action("ec2:DescribeInstanceTypeOfferings"):
        pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": list(types)}],
        )
        rows = [row for page in pages for row in page["InstanceTypeOfferings"]]
    zones = {
        name: tuple(sorted(row["Location"] for row in rows if row["InstanceType"] == name))
        for name in types
    }
    offered = [name for name in types if zones[name]]
    if not offered:
        return Offers(zones)
    with aws_action("ec2:DescribeInstanceTypes"):
        found = ec2.describe_instance_types(InstanceTypes=offered)["InstanceTypes"]
    return Offers(
        zones,
        {row["InstanceType"]: row["VCpuInfo"]["DefaultVCpus"] for row in found},
        {
            row["InstanceType"]: frozenset(row["ProcessorInfo"]["SupportedArchitectures"])
            for row in found
        },
    )


def instance_types(aws: Aws, deployment: Deployment) -> tuple[Finding, Offers]:
    """Whether the region has the GPU types, and what it offers of them."""
    try:
        offers = _offers(aws, deployment.instance_types)
    except AwsError as error:
        return warning(_TYPES, str(error), "Allow the calls, or make sure yourself."), Offers()
    text = "; ".join(
        f"{name} in {', '.join(zones) if zones else 'no zone'}"
        for name, zones in offers.zones.items()
    )
    all_zones = {zone for zones in offers.zones.values() for zone in zones}
    missing = [name for name, zones in offers.zones.items() if not zones]
    if not all_zones:
        to_do = "Choose another region, or other types in fleet.instance_types."
        return bad(_TYPES, text, to_do), offers
    if len(all_zones) < 2 and deployment.create_vpc:
        to_do = "The deployment's own VPC needs two zones: add a type to fleet.instance_types."
        return bad(_TYPES, text, to_do), offers
    if missing:
        to_do = f"Nothing, or take {', '.join(missing)} out of fleet.instance_types."
        return warning(_TYPES, text, to_do), offers
    return good(_TYPES, text), offers


def spot_capacity(aws: Aws, deployment: Deployment) -> Finding:
    """How likely AWS has a Spot instance now, by its own score.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetSpotPlacementScores.html
    """
    if deployment.spot_percentage == 0 or deployment.maximum_tasks == 0:
        return good(_SPOT, "no Spot instance is wanted")
    try:
        with aws_action("ec2:GetSpotPlacementScores"):
            scores = aws.client("ec2").get_spot_placement_scores(
                InstanceTypes=list(deployment.instance_types),
                TargetCapacity=deployment.maximum_tasks,
                RegionNames=[aws.region],
            )["SpotPlacementScores"]
    except AwsError as error:
        return warning(_SPOT, str(error), "Nothing: the score is advice, nothing depends on it.")
    score = max((int(row["Score"]) for row in scores), default=0)
    found = f"placement score {score} of 10 for {deployment.maximum_tasks} instances"
    if score > _LOW_SCORE:
        return good(_SPOT, found)
    if len(deployment.instance_types) < _SCORED_TYPES:
        return good(_SPOT, f"{found}; below {_SCORED_TYPES} types AWS always answers a low score")
    return warning(
        _SPOT,
        found,
        "Spot may have no GPU when a user asks. More types in fleet.instance_types or another "
        "region help; fleet.spot_percentage = 0 pays for certainty.",
    )


def image(aws: Aws, deployment: Deployment, offers: Offers) -> Finding:
    """Whether the instances' AMI exists in the region and runs on every type of the fleet."""
    try:
        name = _image_id(aws, deployment.ami)
        with aws_action("ec2:DescribeImages"):
            images = aws.client("ec2").describe_images(ImageIds=[name])["Images"]
    except AwsError as error:
        if "ParameterNotFound" not in str(error) and "InvalidAMIID" not in str(error):
            return warning(_AMI, str(error), "Allow the calls, or make sure that the AMI exists.")
        to_do = "Choose another region, or name an ECS AMI with GPU drivers in fleet.ami."
        return bad(_AMI, f"{deployment.ami} is not in {aws.region}", to_do)
    if not images:
        return bad(_AMI, f"{name} is not in {aws.region}", "Name another one in fleet.ami.")
    architecture = str(images[0]["Architecture"])
    strange = [kind for kind, has in offers.architectures.items() if architecture not in has]
    if strange:
        to_do = "Name an AMI of the types' architecture in fleet.ami, or other types."
        return bad(_AMI, f"{name} is for {architecture}, {', '.join(strange)} is not", to_do)
    return good(_AMI, f"{name}, {architecture}")


def _image_id(aws: Aws, ami: str) -> str:
    if not ami.startswith(_BY_PARAMETER):
        return ami
    with aws_action("ssm:GetParameter"):
        found = aws.client("ssm").get_parameter(Name=ami.removeprefix(_BY_PARAMETER))
    return str(found["Parameter"]["Value"])
