"""The HTTP endpoints of IAM, beside AWS's APIs.

/_emulator/iam                                whether IAM is enforced; the used and unused rights of
                                              each role, and the denials
/_emulator/iam/credentials/SERVICE/ROLE       credentials of a role that trusts a service, for a
                                              process that stands in for one of the service's

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import json
from typing import Any

from localstack.constants import DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Request, Response

from ecs_fleet_emulator.errors import RoleNotTakenError

from .settings import is_enforced

IAM_PATH = "/_emulator/iam"
DEFAULT_REGION = "us-east-1"


def add_to(router: Any) -> None:
    """Add the endpoints to the gateway's router."""
    router.add(IAM_PATH, _rights, methods=["GET"])
    router.add(f"{IAM_PATH}/credentials/<service>/<role>", _credentials, methods=["GET"])


def credentials(session: Any) -> Response:
    """The credentials of a role's session, as the SDKs fetch them."""
    try:
        found = session.credentials()
    except RoleNotTakenError as error:
        text = {"code": "AccessDenied", "message": str(error)}
        return Response(json.dumps(text), 403, mimetype="application/json")
    text = {
        "RoleArn": session.role_arn,
        "AccessKeyId": found["AccessKeyId"],
        "SecretAccessKey": found["SecretAccessKey"],
        "Token": found["SessionToken"],
        "Expiration": found["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Response(json.dumps(text), 200, mimetype="application/json")


def _credentials(request: Request, service: str, role: str) -> Response:
    from .sessions import RoleSession

    account = request.args.get("account", DEFAULT_AWS_ACCOUNT_ID)
    region = request.args.get("region", DEFAULT_REGION)
    arn = f"arn:aws:iam::{account}:role/{role}"
    source = f"arn:aws:{service.removesuffix('-tasks')}:{region}:{account}:stand-in"
    return credentials(RoleSession(arn, service, source, "stand-in", region))


def _rights(request: Request) -> Response:
    report: dict[str, Any] = {"enforced": is_enforced()}
    if is_enforced():
        from . import account
        from .authorizer import RIGHTS

        owner = request.args.get("account", DEFAULT_AWS_ACCOUNT_ID)
        roles = {one.arn: account.identity_policies(one) for one in account.roles(owner)}
        report |= RIGHTS.report(roles)
    return Response(json.dumps(report), 200, mimetype="application/json")
