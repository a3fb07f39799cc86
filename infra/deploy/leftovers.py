"""What a removed deployment leaves behind: looked for, not assumed."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.deploy.aws import Aws, named
from infra.deploy.checks.names import existing
from infra.deploy.choices import Deployment
from infra.deploy.errors import AwsError

BY_DESIGN = (
    "CloudWatch keeps points of metrics for up to 15 months; they cost nothing.",
    "ECS keeps old revisions of the task definition as INACTIVE; they cost nothing.",
    "The application at Discord is yours: remove it in the developer portal if it is of no use.",
)


@dataclass(frozen=True)
class Leftovers:
    """What is there, what AWS still lists by its tag, and what could not be looked up.

    AWS's list of tags is late: what was removed a minute ago may still be on it.
    """

    found: tuple[str, ...]
    listed: tuple[str, ...]
    unknown: tuple[str, ...]


def look(aws: Aws, deployment: Deployment) -> Leftovers:
    """What AWS knows by the deployment's names and by its tag."""
    unknown: list[str] = []

    def asked(search: Callable[[Aws, Deployment], list[str]]) -> tuple[str, ...]:
        try:
            return tuple(search(aws, deployment))
        except AwsError as error:
            unknown.append(f"Could not be looked up: {error}")
            return ()

    return Leftovers(asked(_by_name), asked(_by_tag), tuple(unknown))


def _by_name(aws: Aws, deployment: Deployment) -> list[str]:
    return list(existing(aws, deployment))


def _by_tag(aws: Aws, deployment: Deployment) -> list[str]:
    with named("tag:GetResources"):
        pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
        tagged = pages.paginate(TagFilters=[{"Key": "Deployment", "Values": [deployment.prefix]}])
        return [one["ResourceARN"] for page in tagged for one in page["ResourceTagMappingList"]]
