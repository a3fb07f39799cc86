"""What the operations of AWS's APIs have to be allowed: actions, resources and condition keys.

An operation that is not mapped here is allowed only to whom its action is allowed on every
resource, else it is denied by name. A test compares the mapping with AWS's table of actions,
resources and condition keys (the Service Authorization Reference).

scope.py       where a request is made
data.py        SQS, SNS, DynamoDB
compute.py     Lambda, Step Functions, ECS, ECR, Auto Scaling
management.py  CloudWatch, logs, traces, parameters, secrets, STS
"""

from collections.abc import Iterable

from ecs_fleet_emulator.errors import NotMappedError
from ecs_fleet_emulator.iam.request import AuthorizationRequest

from . import compute, data, management
from .scope import Operation, Parameters, Scope

OPERATIONS: dict[str, Operation] = {
    **data.OPERATIONS,
    **compute.OPERATIONS,
    **management.OPERATIONS,
}
"""By the service as the SDK names it, and the operation: "sqs.SendMessage"."""


def required(
    service: str, operation: str, given: Parameters, scope: Scope
) -> Iterable[AuthorizationRequest]:
    """What an operation has to be allowed.

    Raises:
        NotMappedError: that is not known here.
    """
    name = f"{service}.{operation}"
    if name not in OPERATIONS:
        raise NotMappedError(f"the operation {name}")
    try:
        return OPERATIONS[name](given, scope)
    except (KeyError, ValueError) as error:
        raise NotMappedError(f"the operation {name} without {error}") from error
