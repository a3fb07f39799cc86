"""Settings that a whole account shares: service-linked roles, API Gateway's role, concurrency.

Deployments of others depend on them too: nothing here is changed unless a person agrees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, aws_action, error_code
from infra.deploy.errors import AwsError
from infra.deploy.finding import Finding, Offer, bad, good, warning
from infra.deploy.variables import Deployment

_API_GATEWAY, _CONCURRENCY = "API Gateway's log role", "Lambda concurrency"
_COMFORTABLE_CONCURRENCY = 50
"""Below it a few users at once are enough to make Lambda refuse calls: all functions share it."""
_UNRESERVED_MINIMUM = 100
"""https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html"""
_CONCURRENCY_QUOTA = "L-B99A9384"


@dataclass(frozen=True)
class ServiceRole:
    """A service-linked role: AWS makes it, once in an account, for one of its services."""

    name: str
    service: str
    source: str


SERVICE_ROLES = (
    ServiceRole(
        "AWSServiceRoleForECS",
        "ecs.amazonaws.com",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html",
    ),
    ServiceRole(
        "AWSServiceRoleForAutoScaling",
        "autoscaling.amazonaws.com",
        "https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html",
    ),
    ServiceRole(
        "AWSServiceRoleForEC2Spot",
        "spot.amazonaws.com",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html",
    ),
    ServiceRole(
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "ecs.application-autoscaling.amazonaws.com",
        "https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html",
    ),
)
"""AWS makes each with the first use, which may fail for it: the role is there a moment later."""


def service_roles(aws: Aws) -> Finding:
    """Whether the account has the service-linked roles; those that are missing are offered."""
    name = "service-linked roles"
    try:
        missing = [role for role in SERVICE_ROLES if not _role_exists(aws, role.name)]
    except AwsError as error:
        to_do = "Allow iam:GetRole. AWS makes the roles itself at the first use, as a rule."
        return warning(name, str(error), to_do)
    if not missing:
        return good(name, f"all {len(SERVICE_ROLES)} are there")
    commands = "; ".join(
        f"`aws iam create-service-linked-role --aws-service-name {role.service}`"
        for role in missing
    )
    names = ", ".join(role.name for role in missing)
    return warning(
        name,
        f"the account has no {names}",
        f"`make deploy-aws` offers to make them, or make them: {commands}. They cost nothing; "
        "without them a first deployment may fail once.",
        Offer(f"Make the service-linked roles {names}?", partial(_make_roles, aws, missing)),
    )


def _make_roles(aws: Aws, missing: list[ServiceRole]) -> None:
    for role in missing:
        with aws_action("iam:CreateServiceLinkedRole"):
            try:
                aws.client("iam").create_service_linked_role(AWSServiceName=role.service)
            except ClientError as error:
                # Another deployment may have made it since; this is how IAM says so.
                if error_code(error) != "InvalidInput" or "taken" not in str(error):
                    raise


def _role_exists(aws: Aws, name: str) -> bool:
    with aws_action("iam:GetRole"):
        try:
            aws.client("iam").get_role(RoleName=name)
        except ClientError as error:
            if error_code(error) == "NoSuchEntity":
                return False
            raise
    return True


def api_gateway_role(aws: Aws, deployment: Deployment) -> tuple[Finding, bool]:
    """The role with which API Gateway writes logs, and whether this deployment is to set it.

    It is one setting for an account and region: a role of another deployment is kept.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    own = f"{deployment.prefix}-api-gateway-logs"
    try:
        with aws_action("apigateway:GetAccount"):
            arn = aws.client("apigateway").get_account().get("cloudwatchRoleArn")
        if not arn:
            return good(_API_GATEWAY, f"none yet: the deployment makes {own}"), True
        role = str(arn).rpartition("/")[2]
        if role == own:
            return good(_API_GATEWAY, f"{own}, this deployment's own"), True
        if _role_exists(aws, role):
            return good(_API_GATEWAY, f"{arn} is kept: it is set for the whole account"), False
    except AwsError as error:
        to_do = (
            "Allow the calls; until then manage_api_gateway_account in the variable file decides."
        )
        return warning(_API_GATEWAY, str(error), to_do), deployment.manage_api_gateway_account
    return warning(
        _API_GATEWAY,
        f"{arn} is set but no longer exists",
        f"Nothing: the deployment sets {own} in its place.",
    ), True


def concurrency(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """Whether Lambda's limit of calls at once, which new accounts have low, is enough."""
    reserved = max(deployment.reserved_concurrency, 0)
    try:
        with aws_action("lambda:GetAccountSettings"):
            limits = aws.client("lambda").get_account_settings()["AccountLimit"]
        own = _own_reservation(aws, deployment) if reserved else 0
    except AwsError as error:
        yield warning(_CONCURRENCY, str(error), f"Look at the quota {_CONCURRENCY_QUOTA} yourself.")
        return
    limit, free = int(limits["ConcurrentExecutions"]), int(limits["UnreservedConcurrentExecutions"])
    request = (
        "`aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code {_CONCURRENCY_QUOTA} --desired-value 1000 --region {aws.region}`"
    )
    found = f"{limit} calls at once in the account, {free} of them not reserved"
    if reserved and free + own - reserved < _UNRESERVED_MINIMUM:
        yield bad(
            _CONCURRENCY,
            f"{found}; interactions_function.reserved_concurrency = {reserved} would leave "
            f"fewer than {_UNRESERVED_MINIMUM}, which Lambda refuses",
            f"Set it to -1, or raise the limit first: {request}.",
        )
    elif limit < _COMFORTABLE_CONCURRENCY:
        yield warning(
            _CONCURRENCY,
            f"{found}: all functions of the account share them, and users at once get no answer",
            f"Ask for more, which is free: {request}.",
        )
    else:
        yield good(_CONCURRENCY, found)


def _own_reservation(aws: Aws, deployment: Deployment) -> int:
    """What the deployed function has reserved already; a new reservation takes its place."""
    client = aws.client("lambda")
    with aws_action("lambda:GetFunctionConcurrency"):
        try:
            found = client.get_function_concurrency(
                FunctionName=f"{deployment.prefix}-interactions"
            )
        except client.exceptions.ResourceNotFoundException:
            return 0
    return int(found.get("ReservedConcurrentExecutions", 0))
