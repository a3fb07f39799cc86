"""The quotas of vCPUs that GPU instances count against: by family, Spot and on demand apart.

New accounts may have 0 of each.
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.deploy.aws import Aws, aws_action
from infra.deploy.errors import AwsError
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.instance_offers import Offers
from infra.deploy.variables import Deployment

ON_DEMAND_QUOTA, SPOT_QUOTA = "L-DB2E81BA", "L-3819A6DF"
"""The quotas of G and VT instances."""


@dataclass(frozen=True)
class Quota:
    """One quota of vCPUs, for the types whose names begin with one of `families`."""

    code: str
    name: str
    families: tuple[str, ...]
    spot: bool

    def types(self, deployment: Deployment) -> tuple[str, ...]:
        """The fleet's types that count against it."""
        return tuple(name for name in deployment.instance_types if name.startswith(self.families))


QUOTAS = (
    Quota(SPOT_QUOTA, "GPU quota Spot (G, VT)", ("g", "vt"), spot=True),
    Quota(ON_DEMAND_QUOTA, "GPU quota on demand (G, VT)", ("g", "vt"), spot=False),
    Quota("L-7212CCBC", "GPU quota Spot (P2 to P4)", ("p2", "p3", "p4"), spot=True),
    Quota("L-C4BD4855", "GPU quota Spot (P5)", ("p5",), spot=True),
    Quota("L-417A185B", "GPU quota on demand (P)", ("p",), spot=False),
)


def gpu_quotas(aws: Aws, deployment: Deployment, offers: Offers) -> Iterator[Finding]:
    """Whether the quotas allow the fleet's instances, for each quota that a type counts against."""
    for quota in QUOTAS:
        if types := quota.types(deployment):
            yield _check(aws, deployment, quota, offers.largest(types))


def _check(aws: Aws, deployment: Deployment, quota: Quota, vcpus: int) -> Finding:
    console = f"https://{aws.region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas"
    try:
        with aws_action("servicequotas:GetServiceQuota"):
            answer = aws.client("service-quotas").get_service_quota(
                ServiceCode="ec2", QuotaCode=quota.code
            )
    except AwsError as error:
        return warning(quota.name, str(error), f"Look at it yourself: {console}/{quota.code}")
    allowed = float(answer["Quota"]["Value"])
    # The warm pool's instances run while it is filled; stopped ones do not count.
    filling = 0 if quota.spot else deployment.warm_pool_size
    wanted = deployment.maximum_tasks + filling
    instances, all_vcpus = int(allowed // vcpus), wanted * vcpus
    found = f"{allowed:g} vCPUs: {instances} instances of {vcpus}"
    if allowed >= all_vcpus:
        return good(quota.name, found)
    request = (
        f"`aws service-quotas request-service-quota-increase --service-code ec2 "
        f"--quota-code {quota.code} --desired-value {all_vcpus} --region {aws.region}`"
    )
    raise_it = f"{request} (granted in minutes to days), or {console}/{quota.code}"
    if instances == 0 and _is_needed(deployment, quota):
        return bad(quota.name, found, raise_it)
    if instances == 0:
        return warning(quota.name, found, f"No instance of these is started then. {raise_it}")
    names = "fleet.maximum_tasks and warm_pool_size" if filling else "fleet.maximum_tasks"
    more = f"{found}, of {wanted} ({names})"
    return warning(quota.name, more, raise_it)


def _is_needed(deployment: Deployment, quota: Quota) -> bool:
    """Whether the fleet starts nothing without it: every type counts against it."""
    all_types = len(quota.types(deployment)) == len(deployment.instance_types)
    wanted = deployment.spot_percentage > 0 if quota.spot else deployment.spot_percentage < 100
    return all_types and (wanted or (not quota.spot and deployment.on_demand_base > 0))
