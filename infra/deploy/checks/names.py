"""Whether the names that the deployment will use are free, or its own."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of, named
from infra.deploy.checks.finding import Finding, bad, good, warning
from infra.deploy.choices import Deployment
from infra.deploy.errors import AwsError

_NAME = "names"


def names(aws: Aws, deployment: Deployment, in_state: int) -> Finding:
    """Nothing of this prefix may exist unless Terraform's state knows it."""
    if in_state:
        return good(_NAME, f"{deployment.prefix}: {in_state} resources are this deployment's own")
    try:
        taken = list(existing(aws, deployment))
    except AwsError as error:
        return warning(_NAME, str(error), "Allow the call, or make sure that the names are free.")
    if taken:
        return bad(
            _NAME,
            f"{deployment.prefix} is taken: {', '.join(taken)}",
            "Choose another `environment`, or give the state that knows these (--state-dir or "
            "--backend-config), or remove them if they were left over.",
        )
    return good(_NAME, f"{deployment.prefix} is free")


def existing(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """What there is of the deployment's names; what is billed or keeps something, not all."""
    prefix = deployment.prefix
    with named("looking for names"):
        yield from _found(
            "SQS queues", aws.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
        )
        groups = aws.client("logs").describe_log_groups(logGroupNamePattern=prefix)
        yield from _found("log groups", [one["logGroupName"] for one in groups["logGroups"]])
        tables = aws.client("dynamodb").list_tables(ExclusiveStartTableName=f"{prefix}-", Limit=10)[
            "TableNames"
        ]
        yield from _found("DynamoDB tables", [one for one in tables if one.startswith(prefix)])
        if _exists(
            aws.client("ecr"), "describe_repositories", repositoryNames=[deployment.repository]
        ):
            yield f"ECR repository {deployment.repository}"
        if _exists(aws.client("iam"), "get_role", RoleName=f"{prefix}-interactions"):
            yield f"IAM role {prefix}-interactions"
        groups = aws.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[f"{prefix}-worker"]
        )
        yield from _found(
            "Auto Scaling groups",
            [one["AutoScalingGroupName"] for one in groups["AutoScalingGroups"]],
        )


def _found(kind: str, found: list[str]) -> Iterator[str]:
    if found:
        short = (one.rsplit("/", 1)[-1] if "://" in one else one for one in found)
        yield f"{kind} {', '.join(short)}"


def _exists(client: object, operation: str, **request: object) -> bool:
    try:
        getattr(client, operation)(**request)
    except ClientError as error:
        if code_of(error) in ("RepositoryNotFoundException", "NoSuchEntity"):
            return False
        raise
    return True
