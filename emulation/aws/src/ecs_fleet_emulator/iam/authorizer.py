"""Decides about requests by the account's policies, and notes which rights are used."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ecs_fleet_emulator.errors import AccessDeniedError, NotMappedError

from . import account
from .decision import Decision, decide, is_allowed_everywhere
from .operations import required
from .principals import Principal
from .request import AuthorizationRequest
from .rights import Rights

RIGHTS = Rights()
"""The rights that were used in this emulator."""

_LAMBDA = "lambda.amazonaws.com"
# Event source mappings poll with the function's role, and then invoke the function, which needs no
# right. https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
_BY_MAPPING = "lambda:InvokeFunction"

# IAM's prefix of a service's actions, where it is not the SDK's name of the service.
_PREFIXES = {
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}

# Keys that a request has in some cases only: without a value they are known to be missing.
_KEYS = (
    "aws:calledvia",
    "aws:multifactorauthpresent",
    "aws:principalorgid",
    "aws:principalservicename",
    "aws:referer",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:username",
    "sts:externalid",
    "sts:rolesessionname",
)


def authorize(
    principal: Principal,
    requests: Iterable[AuthorizationRequest],
    keys: Mapping[str, tuple[str, ...]],
    session_key: str = "",
) -> None:
    """Allow all of an operation's requests, or none.

    `keys` are the values of global condition keys; `session_key` is the access key of a session.

    Raises:
        AccessDeniedError: one is denied; the text is AWS's.
    """
    for request in requests:
        if principal.service == _LAMBDA and request.action == _BY_MAPPING:
            continue
        request = request.with_values(keys)
        try:
            found = account.policies(principal, request, session_key)
            decision = decide(principal, request, found)
        except NotMappedError as error:
            decision = Decision(False, f"because this emulator has not mapped {error}")
        if not decision.allowed:
            raise _denial(principal, request, decision)
        if principal.identity_arn and not principal.service:
            RIGHTS.used(principal.identity_arn, request.action)


def authorize_operation(
    principal: Principal,
    operation: str,
    given: Mapping[str, Any],
    where: tuple[str, str],
    keys: Mapping[str, tuple[str, ...]],
    session_key: str = "",
) -> None:
    """Allow an operation, for example "sqs.SendMessage", in an account and region.

    An operation that is not mapped is allowed only if its action is on every resource.

    Raises:
        AccessDeniedError: it is denied; the text is AWS's.
    """
    service, _, name = operation.partition(".")
    try:
        requests = list(required(service, name, given, account.scope(*where)))
    except NotMappedError as error:
        request = AuthorizationRequest(f"{_PREFIXES.get(service, service)}:{name}", "*")
        found = account.policies(principal, request, session_key)
        if is_allowed_everywhere(request.action, found):
            RIGHTS.used(principal.identity_arn, request.action)
            return
        reason = f"because this emulator has not mapped {error}"
        raise _denial(principal, request, Decision(False, reason)) from error
    authorize(principal, requests, keys, session_key)


def global_keys(
    principal: Principal, region: str, *, source_arn: str = "", source_ip: str = ""
) -> dict[str, tuple[str, ...]]:
    """The values of AWS's global condition keys. A key without a value is known to be missing.

    The emulator's plain HTTP stands for AWS's endpoints, which speak TLS.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    now = datetime.now(UTC)
    keys: dict[str, tuple[str, ...]] = dict.fromkeys(_KEYS, ())
    keys |= {
        "aws:currenttime": (now.isoformat(timespec="seconds"),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:principalisawsservice": ("true" if principal.service else "false",),
        "aws:requestedregion": (region,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
        "aws:principalarn": () if principal.service else (principal.identity_arn,),
        "aws:principalaccount": () if principal.service else (principal.account,),
        "aws:principaltype": () if principal.service else (_type(principal),),
    }
    if principal.service:
        keys["aws:principalservicename"] = (principal.service,)
        if source_arn:
            keys["aws:sourcearn"] = (source_arn,)
            keys["aws:sourceaccount"] = (source_arn.split(":")[4],)
    else:
        keys["aws:sourceowner"] = (principal.account,)
        keys["aws:sourceip"] = (source_ip,) if source_ip else ()
    if ":user/" in principal.arn:
        keys["aws:username"] = (principal.arn.rpartition("/")[2],)
    return keys


def _type(principal: Principal) -> str:
    if principal.root:
        return "Account"
    return "AssumedRole" if principal.role_arn else "User"


def _denial(
    principal: Principal, request: AuthorizationRequest, decision: Decision
) -> AccessDeniedError:
    message = (
        f"User: {principal.arn} is not authorized to perform: {request.action}"
        f" on resource: {request.resource} {decision.reason}"
    )
    RIGHTS.denied(principal.arn, request.action, request.resource, message)
    return AccessDeniedError(request.action, message)
