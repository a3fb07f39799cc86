"""Operations of CloudWatch, its logs, parameters, secrets, and STS.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from collections.abc import Iterable

from ecs_fleet_emulator.errors import NotMappedError
from ecs_fleet_emulator.iam.request import AuthorizationRequest

from .scope import Operation, Parameters, Scope, everywhere, on


def _metric_data(given: Parameters, _scope: Scope) -> Iterable[AuthorizationRequest]:
    keys = {"cloudwatch:namespace": (given["Namespace"],)}
    return [AuthorizationRequest("cloudwatch:PutMetricData", "*", keys)]


def _log_stream(given: Parameters, scope: Scope) -> str:
    """AWS authorises the creation of a stream on the stream, and that of a group on no stream."""
    group, stream = given["logGroupName"], given.get("logStreamName", "")
    return scope.arn("logs", f"log-group:{group}:log-stream:{stream}")


def _parameter(name: str, scope: Scope) -> str:
    return scope.arn("ssm", name if name.startswith("arn:") else f"parameter/{name.lstrip('/')}")


def _parameters(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
    return [
        AuthorizationRequest("ssm:GetParameters", _parameter(one, scope)) for one in given["Names"]
    ]


def _secret(given: Parameters, _scope: Scope) -> str:
    secret = str(given["SecretId"])
    if not secret.startswith("arn:"):
        raise NotMappedError("a secret that is not named by its ARN")
    return secret


# What Step Functions asks for to have a state machine's log delivered.
LOG_DELIVERY = (
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "UpdateLogDelivery",
)
_TRACES = (
    "GetSamplingRules",
    "GetSamplingTargets",
    "PutTelemetryRecords",
    "PutTraceSegments",
)
_METRICS = ("GetMetricData", "GetMetricStatistics", "ListMetrics")

OPERATIONS: dict[str, Operation] = {
    "cloudwatch.PutMetricData": _metric_data,
    **{f"cloudwatch.{name}": everywhere(f"cloudwatch:{name}") for name in _METRICS},
    **{
        f"logs.{name}": on(f"logs:{name}", _log_stream)
        for name in ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
    },
    **{f"logs.{name}": everywhere(f"logs:{name}") for name in LOG_DELIVERY},
    **{f"xray.{name}": everywhere(f"xray:{name}") for name in _TRACES},
    "ssm.GetParameter": on(
        "ssm:GetParameter", lambda given, scope: _parameter(given["Name"], scope)
    ),
    "ssm.GetParameters": _parameters,
    "secretsmanager.GetSecretValue": on("secretsmanager:GetSecretValue", _secret),
    "sts.AssumeRole": on("sts:AssumeRole", lambda given, _scope: given["RoleArn"]),
    # Needs no right, and cannot be denied.
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "sts.GetCallerIdentity": lambda _given, _scope: [],
}
