"""Whether there is a subnet to launch instances in."""

from infra.deploy.aws import Aws, named
from infra.deploy.checks.finding import Finding, bad, good
from infra.deploy.choices import Deployment
from infra.deploy.errors import AwsError

_NAME = "network"
_OWN = "or let the deployment make a VPC of its own: network = { create_vpc = true }."


def subnets(aws: Aws, deployment: Deployment) -> Finding:
    """Public subnets tagged Tier=Public in the VPC, unless the deployment makes its own."""
    if deployment.create_vpc:
        return good(_NAME, "the deployment makes a VPC of its own (no NAT gateway)")
    try:
        vpc = deployment.vpc_id or _default_vpc(aws)
        if vpc is None:
            return bad(
                _NAME, "the region has no default VPC", f"Name one in network.vpc_id, {_OWN}"
            )
        found = _tagged(aws, vpc)
    except AwsError as error:
        return bad(_NAME, str(error), f"Name another VPC in network.vpc_id, {_OWN}")
    if not found:
        return bad(
            _NAME,
            f"{vpc} has no subnet tagged Tier=Public",
            f"`aws ec2 create-tags --region {aws.region} --resources SUBNET... "
            f"--tags Key=Tier,Value=Public` on its public subnets, {_OWN}",
        )
    return good(_NAME, f"{vpc}: {', '.join(found)}")


def _default_vpc(aws: Aws) -> str | None:
    with named("ec2:DescribeVpcs"):
        found = aws.client("ec2").describe_vpcs(
            Filters=[{"Name": "is-default", "Values": ["true"]}]
        )
    return next((str(vpc["VpcId"]) for vpc in found["Vpcs"]), None)


def _tagged(aws: Aws, vpc: str) -> list[str]:
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "tag:Tier", "Values": ["Public"]},
    ]
    with named("ec2:DescribeSubnets"):
        found = aws.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    return [f"{subnet['SubnetId']} ({subnet['AvailabilityZone']})" for subnet in found]
