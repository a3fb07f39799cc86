"""Whether the account may run GPU instances: new accounts may run none.

https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
"""

from collections.abc import Iterator

from infra.deploy.aws import Aws, named
from infra.deploy.checks.finding import Finding, bad, good, warning
from infra.deploy.choices import Deployment
from infra.deploy.errors import AwsError

ON_DEMAND, SPOT = "L-DB2E81BA", "L-3819A6DF"
_NAMES = {ON_DEMAND: "GPU quota on demand", SPOT: "GPU quota Spot"}


def gpu_quotas(aws: Aws, deployment: Deployment, vcpus: int) -> Iterator[Finding]:
    """Both quotas of G and VT vCPUs, against the fleet's `vcpus` an instance at most."""
    for code, needed in ((SPOT, deployment.spot_percentage > 0), (ON_DEMAND, True)):
        yield _quota(aws, deployment, vcpus, code, needed)


def _quota(aws: Aws, deployment: Deployment, vcpus: int, code: str, needed: bool) -> Finding:
    name = _NAMES[code]
    try:
        with named("servicequotas:GetServiceQuota"):
            answer = aws.client("service-quotas").get_service_quota(
                ServiceCode="ec2", QuotaCode=code
            )
    except AwsError as error:
        return warning(name, str(error), f"Look at it yourself: {_console(aws, code)}")
    allowed = float(answer["Quota"]["Value"])
    instances, whole = int(allowed // vcpus), deployment.maximum_tasks * vcpus
    found = f"{allowed:g} vCPUs: {instances} instances of {vcpus}"
    if allowed >= whole:
        return good(name, found)
    raise_it = (
        f"{_request(aws, code, whole)} (granted in minutes to days), or {_console(aws, code)}"
    )
    only = deployment.spot_percentage == 100 and code == ON_DEMAND
    if instances == 0 and needed and not only:
        return bad(name, found, raise_it)
    if instances == 0:
        return warning(name, found, f"No way out when there is no Spot capacity. {raise_it}")
    return warning(name, f"{found}, of {deployment.maximum_tasks} (fleet.maximum_tasks)", raise_it)


def _request(aws: Aws, code: str, value: int) -> str:
    return (
        f"`aws service-quotas request-service-quota-increase --service-code ec2 "
        f"--quota-code {code} --desired-value {value} --region {aws.region}`"
    )


def _console(aws: Aws, code: str) -> str:
    return (
        f"https://{aws.region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/{code}"
    )
