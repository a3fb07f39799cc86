"""What a removed deployment leaves behind: looked for, not assumed."""

from collections.abc import Iterator

from infra.deploy.aws import Aws, named
from infra.deploy.checks.names import existing
from infra.deploy.choices import Deployment
from infra.deploy.errors import AwsError

BY_DESIGN = (
    "CloudWatch keeps points of metrics for up to 15 months; they cost nothing.",
    "ECS keeps old revisions of the task definition as INACTIVE; they cost nothing.",
    "The application at Discord is yours: remove it in the developer portal if it is of no use.",
)


def left(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """What AWS still knows by the deployment's names or by its tag."""
    try:
        yield from existing(aws, deployment)
        with named("tag:GetResources"):
            pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
            tagged = pages.paginate(
                TagFilters=[{"Key": "Deployment", "Values": [deployment.prefix]}]
            )
            for page in tagged:
                yield from (one["ResourceARN"] for one in page["ResourceTagMappingList"])
    except AwsError as error:
        yield f"unknown, since AWS did not say ({error})"
