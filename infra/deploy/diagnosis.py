"""Looks at a deployment that is there, and says what is wrong with it. Changes nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from infra.deploy import account_settings, fleet_checks, request_checks
from infra.deploy.aws import Aws
from infra.deploy.errors import AwsError
from infra.deploy.finding import Finding, Verdict, bad, warning
from infra.deploy.gpu_quotas import gpu_quotas
from infra.deploy.instance_offers import instance_types
from infra.deploy.variables import Deployment

_MISSING = ("NotFound", "NonExistent", "DoesNotExist")
"""Parts of AWS's codes for what does not exist."""

Check = Callable[[Aws, Deployment], Iterator[Finding]]


def _account(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    _, offers = instance_types(aws, deployment)
    yield from gpu_quotas(aws, deployment, offers)
    yield account_settings.service_roles(aws)
    yield from account_settings.concurrency(aws, deployment)


FLEET: tuple[Check, ...] = (
    fleet_checks.service,
    fleet_checks.launches,
    fleet_checks.instances,
    fleet_checks.stopped_tasks,
    # One of them fires once the scaling loop starts no task any more.
    request_checks.alarms,
)
_REST: tuple[Check, ...] = (
    request_checks.functions,
    request_checks.queues,
    request_checks.logs,
    _account,
)


def diagnose(
    aws: Aws, deployment: Deployment, checks: tuple[Check, ...] = (*FLEET, *_REST)
) -> tuple[Finding, ...]:
    """What the checks find; a check that AWS refuses is a warning, and the others go on."""

    def look(check: Check) -> list[Finding]:
        found: list[Finding] = []
        try:
            found.extend(check(aws, deployment))
        except AwsError as error:
            found.append(_not_looked_at(check.__name__.strip("_").replace("_", " "), error))
        return found

    with ThreadPoolExecutor() as pool:
        return tuple(one for found in pool.map(look, checks) for one in found)


def _not_looked_at(name: str, error: AwsError) -> Finding:
    if any(code in str(error) for code in _MISSING):
        return bad(name, f"not there: {error}", "Deploy it: `make deploy-aws`.")
    to_do = "Allow the call: infra/deploy/policy.json has all that are made."
    return warning(name, f"it could not be looked at: {error}", to_do)


def causes(aws: Aws, deployment: Deployment) -> str:
    """What is wrong with the fleet, as lines of text for an error."""
    found = [one for one in diagnose(aws, deployment, FLEET) if one.verdict is not Verdict.GOOD]
    return "\n".join(f"  {one.name}: {one.found}\n    → {one.to_do}" for one in found)
