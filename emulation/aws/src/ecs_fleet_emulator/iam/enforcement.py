"""Denies requests to the gateway that the policies of the account do not allow.

This includes the requests of the emulator's services to each other.
"""

import logging
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.chain import HandlerChain
from localstack.http import Response
from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header

from ecs_fleet_emulator.errors import AccessDeniedError, UnknownCredentialsError

from . import account, handed_roles
from .authorizer import authorize_operation, global_keys
from .principals import Principal

LOG = logging.getLogger(__name__)

# Error codes that differ from those of the protocol.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
_CODES = {
    "cloudwatch": "AccessDenied",
    "ec2": "UnauthorizedOperation",
    "sns": "AuthorizationError",
    "sqs": "AccessDenied",
}
# API Gateway's actions are the methods of HTTP.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
_BY_METHOD = "apigateway"
_JSON, _REST_JSON = "json", "rest-json"


def enforce(_chain: HandlerChain, context: RequestContext, _response: Response) -> None:
    """The handler in the gateway's chain, after a request is parsed.

    Raises:
        CommonServiceException: the request is denied, with AWS's code and text.
    """
    if not context.service or not context.operation:
        return
    try:
        principal = account.caller(context)
        if not principal.root:
            _authorize(principal, context)
        handed_roles.check(context)
    except UnknownCredentialsError:
        raise CommonServiceException(
            _invalid_token_code(context),
            "The security token included in the request is invalid.",
            403,
            sender_fault=True,
        ) from None
    except AccessDeniedError as error:
        LOG.warning("denied: %s", error)
        raise _serialised(context, error) from None


def _authorize(principal: Principal, context: RequestContext) -> None:
    internal = context.internal_request_params or {}
    source_arn = internal.get("source_arn") or ""
    keys = global_keys(
        principal,
        context.region,
        source_arn=source_arn,
        source_ip=context.request.remote_addr or "",
    )
    given: Any = context.service_request or {}
    operation = f"{context.service.service_name}.{context.operation.name}"
    if context.service.service_name == _BY_METHOD:
        operation = f"{_BY_METHOD}.{context.operation.http['method']}"
    if operation == "sts.AssumeRole":
        keys |= _session_keys(principal, given, keys)
    key = extract_access_key_id_from_auth_header(context.request.headers) or ""
    where = (context.account_id, context.region)
    authorize_operation(principal, operation, given, where, keys, key)


def _session_keys(
    principal: Principal, given: Any, keys: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The condition keys of AssumeRole.

    LocalStack's services take a role without saying for which resource; it is one of the account
    that has the role.
    """
    found: dict[str, tuple[str, ...]] = {"sts:rolesessionname": (given["RoleSessionName"],)}
    if given.get("ExternalId"):
        found["sts:externalid"] = (given["ExternalId"],)
    if principal.service and not keys["aws:sourceaccount"]:
        found["aws:sourceaccount"] = (given["RoleArn"].split(":")[4],)
    return found


def _serialised(context: RequestContext, error: AccessDeniedError) -> CommonServiceException:
    service = context.service.service_name
    protocol = context.protocol
    is_json = protocol in (_JSON, _REST_JSON)
    code = _CODES.get(service) or ("AccessDeniedException" if is_json else "AccessDenied")
    status = 400 if protocol == _JSON and service != "sqs" else 403
    text = str(error)
    # SQS names its actions in lower case, and SNS itself in upper case.
    if service == "sqs":
        text = text.replace(error.action, error.action.lower())
    elif service == "sns":
        text = text.replace(error.action, error.action.replace("sns", "SNS"))
    return CommonServiceException(code, text, status, sender_fault=True)


def _invalid_token_code(context: RequestContext) -> str:
    if context.protocol in (_JSON, _REST_JSON):
        return "UnrecognizedClientException"
    return "InvalidClientTokenId"
