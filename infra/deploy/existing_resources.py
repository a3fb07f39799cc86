"""Finds the resources of a deployment on AWS, by its names and by its tag."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, aws_action, error_code
from infra.deploy.errors import AwsError
from infra.deploy.variables import Deployment

LEFT_BY_DESIGN = (
    "CloudWatch keeps points of metrics for up to 15 months; they cost nothing.",
    "ECS keeps old revisions of the task definition as INACTIVE; they cost nothing.",
    "The application at Discord is yours: remove it in the developer portal if it is of no use.",
)

_INSIGHTS_LOG = "/aws/ecs/containerinsights/{cluster}/performance"
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference-performance-entries-ECS.html"""


def existing(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Resources with the deployment's names: those that are billed or keep data, not all.

    Names are compared whole: those of the environment `prod-eu` begin with those of `prod`.

    Raises:
        AwsError: AWS refused a call.
    """
    prefix = deployment.prefix
    with aws_action("looking for names"):
        queues = aws.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
        queue_names = (deployment.queue, deployment.dead_letter_queue)
        yield from _line("SQS queues", queue_names, (url.rsplit("/", 1)[-1] for url in queues))
        groups = aws.client("logs").describe_log_groups(logGroupNamePattern=prefix)["logGroups"]
        log_groups = (*deployment.log_groups, _INSIGHTS_LOG.format(cluster=prefix))
        yield from _line("log groups", log_groups, (group["logGroupName"] for group in groups))
        tables = aws.client("dynamodb").list_tables(ExclusiveStartTableName=f"{prefix}-", Limit=10)
        yield from _line("DynamoDB tables", (deployment.table,), tables["TableNames"])
        repositories = [deployment.repository]
        if _exists(aws.client("ecr"), "describe_repositories", repositoryNames=repositories):
            yield f"ECR repository {deployment.repository}"
        role = f"{prefix}-interactions"
        if _exists(aws.client("iam"), "get_role", RoleName=role):
            yield f"IAM role {role}"
        group = f"{prefix}-worker"
        autoscaling = aws.client("autoscaling")
        found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        if found["AutoScalingGroups"]:
            yield f"Auto Scaling groups {group}"


def _line(kind: str, own: Collection[str], found: Iterable[str]) -> Iterator[str]:
    if names := [name for name in found if name in own]:
        yield f"{kind} {', '.join(names)}"


def _exists(client: object, operation: str, **request: object) -> bool:
    try:
        getattr(client, operation)(**request)
    except ClientError as error:
        if error_code(error) in ("RepositoryNotFoundException", "NoSuchEntity"):
            return False
        raise
    return True


@dataclass(frozen=True)
class Leftovers:
    """The resources that remain of a removed deployment.

    `found` are existing resources. `tagged` are ARNs on AWS's list of tags, which is updated late:
    a resource that was removed a minute ago may still be on it. `unknown` are messages about
    failed calls.
    """

    found: tuple[str, ...]
    tagged: tuple[str, ...]
    unknown: tuple[str, ...]


def leftovers(aws: Aws, deployment: Deployment) -> Leftovers:
    """Look up the remaining resources by the deployment's names and by its tag."""
    unknown: list[str] = []

    def search(find: Callable[[Aws, Deployment], Iterator[str]]) -> tuple[str, ...]:
        try:
            return tuple(find(aws, deployment))
        except AwsError as error:
            unknown.append(f"Could not be looked up: {error}")
            return ()

    return Leftovers(search(existing), search(_tagged), tuple(unknown))


def _tagged(aws: Aws, deployment: Deployment) -> Iterator[str]:
    with aws_action("tag:GetResources"):
        pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
        tags = [{"Key": "Deployment", "Values": [deployment.prefix]}]
        for page in pages.paginate(TagFilters=tags):
            yield from (found["ResourceARN"] for found in page["ResourceTagMappingList"])
