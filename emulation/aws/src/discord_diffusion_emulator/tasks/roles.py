"""The roles of a task: its own, and the one with which ECS starts it and writes its log.

Without enforcement of IAM tasks have the root user's keys, and ECS asks nobody.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localstack.aws.connect import connect_to

from discord_diffusion_emulator.errors import AccessDeniedError, RoleNotTakenError, TaskStartError
from discord_diffusion_emulator.iam.sessions import RoleSession
from discord_diffusion_emulator.iam.settings import is_enforced

from .log import LogOptions

_SERVICE = "ecs-tasks"
_REPOSITORY = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<name>[^:@]+)")
_PULL = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")


@dataclass(frozen=True)
class TaskRoles:
    """The sessions of one task's roles; None: the task definition has no such role."""

    task: RoleSession | None = None
    execution: RoleSession | None = None

    @classmethod
    def of(cls, definition: Any, task_arn: str, region: str) -> "TaskRoles":
        """The roles of a task definition, for one task; none if IAM is not enforced."""
        if not is_enforced():
            return cls()
        name = task_arn.rpartition("/")[2]

        def session(role_arn: str | None) -> RoleSession | None:
            return RoleSession(role_arn, _SERVICE, task_arn, name, region) if role_arn else None

        return cls(session(definition.task_role_arn), session(definition.execution_role_arn))

    def check_start(self, container: Mapping[str, Any], log: LogOptions, task_id: str) -> None:
        """What ECS's agent does before a container starts: it takes both roles, pulls the image and
        creates the log stream.

        Raises:
            TaskStartError: a role or a right of the execution role is missing; the text is ECS's.
        """
        for session in filter(None, (self.task, self.execution)):
            try:
                session.credentials()
            except RoleNotTakenError as error:
                raise TaskStartError(f"ECS was unable to assume the role '{error}'") from error
        if self.execution is None:
            return
        try:
            authorize_pull(self.execution, container.get("image") or "")
        except AccessDeniedError as error:
            text = f"CannotPullECRContainerError: AccessDeniedException: {error}"
            raise TaskStartError(text) from error
        if log.group is None:
            return
        stream = {"logGroupName": log.group, "logStreamName": log.stream(task_id)}
        try:
            self.execution.authorize("logs.CreateLogStream", stream)
        except AccessDeniedError as error:
            raise TaskStartError(
                "CannotStartContainerError: Error response from daemon: failed to initialize"
                " logging driver: failed to create Cloudwatch log stream: AccessDeniedException:"
                f" {error}"
            ) from error

    def clients(self, account: str, region: str) -> Any:
        """Clients with which ECS reads secrets and writes logs."""
        if self.execution is None:
            return connect_to(aws_access_key_id=account, region_name=region)
        return self.execution.clients()


def authorize_pull(session: RoleSession, image: str) -> None:
    """The rights that a pull from ECR needs; the image itself is not pulled here.

    Raises:
        AccessDeniedError: the role lacks one of them.
    """
    found = _REPOSITORY.match(image)
    if found is None:
        return
    session.authorize("ecr.GetAuthorizationToken", {})
    for operation in _PULL:
        session.authorize(f"ecr.{operation}", {"repositoryName": found["name"]})
