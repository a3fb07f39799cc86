"""Checks of the AWS account and region: credentials, network, names."""

from infra.deploy.aws import Aws, aws_action
from infra.deploy.errors import AwsError
from infra.deploy.existing_resources import existing
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.variables import Deployment

_NETWORK = "network"
_OWN_VPC = "or let the deployment make a VPC of its own: network = { create_vpc = true }."


def credentials(aws: Aws) -> tuple[Finding, str]:
    """Whether AWS accepts the credentials, and their account."""
    name = "credentials"
    try:
        identity = aws.identity()
    except AwsError as error:
        to_do = (
            "Sign in (`aws sso login`, `aws login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY. Quotas, network and names are looked at after that."
        )
        return bad(name, str(error), to_do), ""
    return good(name, f"{identity['Arn']}, region {aws.region}"), identity["Account"]


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
