"""The HTTP endpoint of IAM, beside AWS's APIs.

GET /_emulator/iam    whether IAM is enforced; used and unused rights of each role, and the denials
"""

import json
from typing import Any

from localstack.constants import DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Request, Response

from .settings import is_enforced

IAM_PATH = "/_emulator/iam"


def add_to(router: Any) -> None:
    """Add the endpoint to the gateway's router."""
    router.add(IAM_PATH, _rights, methods=["GET"])


def _rights(request: Request) -> Response:
    report: dict[str, Any] = {"enforced": is_enforced()}
    if is_enforced():
        from . import account
        from .authorizer import RIGHTS

        owner = request.args.get("account", DEFAULT_AWS_ACCOUNT_ID)
        roles = {one.arn: account.identity_policies(one) for one in account.roles(owner)}
        report |= RIGHTS.report(roles)
    return Response(json.dumps(report), 200, mimetype="application/json")
