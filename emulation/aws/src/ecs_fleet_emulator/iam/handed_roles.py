"""Roles that a request hands to a service, which tries them before it accepts the request.

Whoever makes the request, the role has to trust the service and to have the rights that the service
will use. AWS says so at once, with a text of the service's own.
"""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext

from ecs_fleet_emulator.errors import AccessDeniedError, RoleNotTakenError

from .operations.management import LOG_DELIVERY
from .sessions import RoleSession

_CANNOT_LOG = (
    "The role ARN does not have required permissions configured. Please grant trust permission for"
    " API Gateway and add the required role policy."
)
_NOT_TRUSTED = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized"
    " to assume the provided role."
)
_NO_DELIVERY = "The state machine IAM Role is not authorized to access the Log Destination"
_LOG_ROLE = "/cloudwatchRoleArn"
# What the pollers of an event source mapping call.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_POLLING = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
_API_LOGS = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")


def check(context: RequestContext) -> None:
    """Try the role that a request hands over, if it does.

    Raises:
        CommonServiceException: the service cannot take it, or a right is missing.
    """
    operation = f"{context.service.service_name}.{context.operation.name}"
    if operation in _CHECKS:
        _CHECKS[operation](context, context.service_request or {})


def _state_machine(context: RequestContext, given: Any) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html"""
    arn = given.get("stateMachineArn") or _arn(context, "states", f"stateMachine:{given['name']}")
    role_arn = given.get("roleArn") or _role_of_machine(context, arn)
    if not role_arn:
        return
    session = RoleSession(role_arn, "states", arn, "state-machine", context.region)
    logging = given.get("loggingConfiguration") or {}
    delivers = logging.get("level", "OFF") != "OFF" and logging.get("destinations")
    try:
        session.credentials()
        for operation in LOG_DELIVERY if delivers else ():
            session.authorize(f"logs.{operation}", {})
    except RoleNotTakenError as error:
        raise CommonServiceException("AccessDeniedException", _NOT_TRUSTED) from error
    except AccessDeniedError as error:
        raise CommonServiceException("AccessDeniedException", _NO_DELIVERY) from error


def _role_of_machine(context: RequestContext, arn: str) -> str:
    from localstack.services.stepfunctions.backend.store import sfn_stores

    machine = sfn_stores[context.account_id][context.region].state_machines.get(arn)
    return str(machine.role_arn) if machine is not None else ""


def _event_source_mapping(context: RequestContext, given: Any) -> None:
    source = given.get("EventSourceArn") or ""
    role_arn = _role_of_function(context, given["FunctionName"])
    if ":sqs:" not in source or not role_arn:
        return
    session = RoleSession(role_arn, "lambda", source, "event-source-mapping", context.region)
    _, _, _, _, account, name = source.split(":")
    for operation in _POLLING:
        try:
            session.authorize(f"sqs.{operation}", {"QueueUrl": f"https://sqs/{account}/{name}"})
        except AccessDeniedError as error:
            raise CommonServiceException(
                "InvalidParameterValueException",
                f"The function execution role does not have permissions to call {operation} on SQS",
            ) from error


def _role_of_function(context: RequestContext, name: str) -> str:
    from localstack.services.lambda_.invocation.models import lambda_stores

    functions = lambda_stores[context.account_id][context.region].functions
    function = functions.get(name.rpartition("function:")[2].split(":")[0])
    return str(function.latest().config.role) if function is not None else ""


def _api_gateway_account(context: RequestContext, given: Any) -> None:
    for change in given.get("patchOperations") or []:
        if change.get("path") == _LOG_ROLE and change.get("value"):
            _api_logs(context, change["value"])


def _api_logs(context: RequestContext, role_arn: str) -> None:
    arn = _arn(context, "apigateway", "/account")
    session = RoleSession(role_arn, "apigateway", arn, "account", context.region)
    log = {"logGroupName": "/aws/apigateway/welcome", "logStreamName": "test"}
    try:
        session.credentials()
        for operation in _API_LOGS:
            session.authorize(f"logs.{operation}", log)
    except (AccessDeniedError, RoleNotTakenError) as error:
        raise CommonServiceException("BadRequestException", _CANNOT_LOG) from error


def _arn(context: RequestContext, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{context.region}:{context.account_id}:{resource}"


_CHECKS: dict[str, Callable[[RequestContext, Any], None]] = {
    "apigateway.UpdateAccount": _api_gateway_account,
    "lambda.CreateEventSourceMapping": _event_source_mapping,
    "stepfunctions.CreateStateMachine": _state_machine,
    "stepfunctions.UpdateStateMachine": _state_machine,
}
