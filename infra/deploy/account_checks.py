"""Checks of the AWS account and region: credentials, GPU types, quotas, network, names."""

from collections.abc import Iterator

from infra.deploy.aws import Aws, aws_action
from infra.deploy.errors import AwsError
from infra.deploy.existing_resources import existing
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.variables import Deployment

ON_DEMAND_QUOTA, SPOT_QUOTA = "L-DB2E81BA", "L-3819A6DF"
"""The quotas of G and VT vCPUs; new accounts may have 0.
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
"""
_QUOTA_NAMES = {ON_DEMAND_QUOTA: "GPU quota on demand", SPOT_QUOTA: "GPU quota Spot"}
_TYPES = "GPU instance types"
_USUAL_VCPUS = 4
"""The vCPUs of an .xlarge, the smallest size with a GPU."""
_NETWORK = "network"
_OWN_VPC = "or let the deployment make a VPC of its own: network = { create_vpc = true }."


def credentials(aws: Aws) -> Finding:
    """Whether AWS accepts the credentials."""
    name = "credentials"
    try:
        identity = aws.identity()
    except AwsError as error:
        return bad(
            name,
            str(error),
            "Sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY.",
        )
    return good(name, f"account {identity['Account']}, {identity['Arn']}, region {aws.region}")


def _offers(aws: Aws, types: tuple[str, ...]) -> tuple[dict[str, list[str]], int]:
    """The zones that have each type, and the most vCPUs that one of the types has."""
    ec2 = aws.client("ec2")
    with aws_action("ec2:DescribeInstanceTypeOfferings"):
        pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": list(types)}],
        )
        rows = [row for page in pages for row in page["InstanceTypeOfferings"]]
    zones = {
        name: sorted(row["Location"] for row in rows if row["InstanceType"] == name)
        for name in types
    }
    offered = [name for name in types if zones[name]]
    if not offered:
        return zones, _USUAL_VCPUS
    with aws_action("ec2:DescribeInstanceTypes"):
        found = ec2.describe_instance_types(InstanceTypes=offered)["InstanceTypes"]
    return zones, max(row["VCpuInfo"]["DefaultVCpus"] for row in found)


def instance_types(aws: Aws, deployment: Deployment) -> tuple[Finding, int]:
    """Whether the region has the GPU types, and the vCPUs of the largest one for the quotas."""
    try:
        zones_of, vcpus = _offers(aws, deployment.instance_types)
    except AwsError as error:
        return warning(_TYPES, str(error), "Allow the calls, or make sure yourself."), _USUAL_VCPUS
    text = "; ".join(
        f"{name} in {', '.join(zones) if zones else 'no zone'}" for name, zones in zones_of.items()
    )
    all_zones = {zone for zones in zones_of.values() for zone in zones}
    missing = [name for name, zones in zones_of.items() if not zones]
    if not all_zones:
        to_do = "Choose another region, or other types in fleet.instance_types."
        return bad(_TYPES, text, to_do), vcpus
    if len(all_zones) < 2 and deployment.create_vpc:
        to_do = "The deployment's own VPC needs two zones: add a type to fleet.instance_types."
        return bad(_TYPES, text, to_do), vcpus
    if missing:
        to_do = f"Nothing, or take {', '.join(missing)} out of fleet.instance_types."
        return warning(_TYPES, text, to_do), vcpus
    return good(_TYPES, text), vcpus


def gpu_quotas(aws: Aws, deployment: Deployment, vcpus: int) -> Iterator[Finding]:
    """Whether the quotas allow the fleet's instances, which have at most `vcpus` each."""
    yield _quota(aws, deployment, vcpus, SPOT_QUOTA, needed=deployment.spot_percentage > 0)
    needed = deployment.spot_percentage < 100
    yield _quota(aws, deployment, vcpus, ON_DEMAND_QUOTA, needed=needed)


def _quota(aws: Aws, deployment: Deployment, vcpus: int, code: str, *, needed: bool) -> Finding:
    name = _QUOTA_NAMES[code]
    console = f"https://{aws.region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas"
    try:
        with aws_action("servicequotas:GetServiceQuota"):
            answer = aws.client("service-quotas").get_service_quota(
                ServiceCode="ec2", QuotaCode=code
            )
    except AwsError as error:
        return warning(name, str(error), f"Look at it yourself: {console}/{code}")
    allowed = float(answer["Quota"]["Value"])
    instances, all_vcpus = int(allowed // vcpus), deployment.maximum_tasks * vcpus
    found = f"{allowed:g} vCPUs: {instances} instances of {vcpus}"
    if allowed >= all_vcpus:
        return good(name, found)
    request = (
        f"`aws service-quotas request-service-quota-increase --service-code ec2 "
        f"--quota-code {code} --desired-value {all_vcpus} --region {aws.region}`"
    )
    raise_it = f"{request} (granted in minutes to days), or {console}/{code}"
    if instances == 0 and needed:
        return bad(name, found, raise_it)
    if instances == 0:
        return warning(name, found, f"No way out when there is no Spot capacity. {raise_it}")
    return warning(name, f"{found}, of {deployment.maximum_tasks} (fleet.maximum_tasks)", raise_it)


def subnets(aws: Aws, deployment: Deployment) -> Finding:
    """Whether the VPC has public subnets tagged Tier=Public, or the deployment makes its own."""
    if deployment.create_vpc:
        return good(_NETWORK, "the deployment makes a VPC of its own (no NAT gateway)")
    try:
        vpc = deployment.vpc_id or _default_vpc(aws)
        if vpc is None:
            to_do = f"Name one in network.vpc_id, {_OWN_VPC}"
            return bad(_NETWORK, "the region has no default VPC", to_do)
        found = _tagged_subnets(aws, vpc)
    except AwsError as error:
        return bad(_NETWORK, str(error), f"Name another VPC in network.vpc_id, {_OWN_VPC}")
    if not found:
        return bad(
            _NETWORK,
            f"{vpc} has no subnet tagged Tier=Public",
            f"`aws ec2 create-tags --region {aws.region} --resources SUBNET... "
            f"--tags Key=Tier,Value=Public` on its public subnets, {_OWN_VPC}",
        )
    return good(_NETWORK, f"{vpc}: {', '.join(found)}")


def _default_vpc(aws: Aws) -> str | None:
    default = [{"Name": "is-default", "Values": ["true"]}]
    with aws_action("ec2:DescribeVpcs"):
        found = aws.client("ec2").describe_vpcs(Filters=default)
    return next((str(vpc["VpcId"]) for vpc in found["Vpcs"]), None)


def _tagged_subnets(aws: Aws, vpc: str) -> list[str]:
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "tag:Tier", "Values": ["Public"]},
    ]
    with aws_action("ec2:DescribeSubnets"):
        found = aws.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    return [f"{subnet['SubnetId']} ({subnet['AvailabilityZone']})" for subnet in found]


def names(aws: Aws, deployment: Deployment, in_state: int) -> Finding:
    """Whether the deployment's names are free, or `in_state` resources of it are its own."""
    name = "names"
    if in_state:
        return good(name, f"{deployment.prefix}: {in_state} resources are this deployment's own")
    try:
        taken = list(existing(aws, deployment))
    except AwsError as error:
        return warning(name, str(error), "Allow the call, or make sure that the names are free.")
    if taken:
        return bad(
            name,
            f"{deployment.prefix} is taken: {', '.join(taken)}",
            "Choose another `environment`, or give the state that knows these (--state-dir or "
            "--backend-config), or remove them if they were left over.",
        )
    return good(name, f"{deployment.prefix} is free")
