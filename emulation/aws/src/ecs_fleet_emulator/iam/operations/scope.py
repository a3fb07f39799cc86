"""Where a request is made, and what its mapping has to look up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ecs_fleet_emulator.iam.request import AuthorizationRequest

Parameters = Mapping[str, Any]
"""The parameters of an operation, as AWS's API names them."""


def _unknown(_name: str) -> str:
    return "*"


@dataclass(frozen=True)
class DefinitionRoles:
    """The ARN of a revision of a task definition, and the roles that its tasks get."""

    arn: str
    task: str = ""
    execution: str = ""


def _unknown_definition(_name: str) -> DefinitionRoles:
    return DefinitionRoles("*")


@dataclass(frozen=True)
class Scope:
    """Account and region of a request.

    `group_arn` finds the ARN of an Auto Scaling group by its name, `group_of_instance` by the id
    of an instance, `partition_key` the name of a table's partition key, `definition` the revision
    that a task definition's name stands for. What does not exist has a * in its place, which only a
    policy's wildcard meets.
    """

    account: str
    region: str
    partition: str = "aws"
    group_arn: Callable[[str], str] = _unknown
    group_of_instance: Callable[[str], str] = _unknown
    partition_key: Callable[[str], str] = _unknown
    definition: Callable[[str], DefinitionRoles] = _unknown_definition

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region; `resource` may be its ARN already."""
        if resource.startswith("arn:"):
            return resource
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


Operation = Callable[[Parameters, Scope], Iterable[AuthorizationRequest]]
"""What an operation has to be allowed, by its parameters."""


def everywhere(action: str) -> Operation:
    """An operation whose action has no resource."""
    return lambda _given, _scope: [AuthorizationRequest(action, "*")]


def on(action: str, resource: Callable[[Parameters, Scope], str]) -> Operation:
    """An operation on one resource."""
    return lambda given, scope: [AuthorizationRequest(action, resource(given, scope))]
