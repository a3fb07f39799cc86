"""The roles of a task: its own, and the one with which ECS starts it and writes its log.

That is its execution role, or without one the instance's, which secrets are not read with.

Without enforcement of IAM tasks have the root user's keys, and ECS asks nobody.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ECR_on_ECS.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localstack.aws.connect import connect_to

from ecs_fleet_emulator.errors import AccessDeniedError, RoleNotTakenError, TaskStartError
from ecs_fleet_emulator.iam.account import role_arn
from ecs_fleet_emulator.iam.sessions import RoleSession
from ecs_fleet_emulator.iam.settings import is_enforced

from .log import LogOptions

_SERVICE = "ecs-tasks"
_REPOSITORY = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<name>[^:@]+)")
_PULL = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")


@dataclass(frozen=True)
class TaskRoles:
    """The sessions of one task's roles; None: the task definition, or the instance, has none."""

    task: RoleSession | None = None
    execution: RoleSession | None = None
    instance: RoleSession | None = None

    @classmethod
    def of(
        cls, definition: Any, task_arn: str, region: str, instance: RoleSession | None
    ) -> "TaskRoles":
        """The roles of a task definition, for one task; none if IAM is not enforced.

        A definition names a role by its ARN or by its name alone.
        """
        if not is_enforced():
            return cls()
        account, name = task_arn.split(":")[4], task_arn.rpartition("/")[2]

        def session(role: str | None) -> RoleSession | None:
            if not role:
                return None
            arn = role if role.startswith("arn:") else role_arn(account, role)
            return RoleSession(arn, _SERVICE, task_arn, name, region)

        # moto's record has no attribute of a role that was not given.
        task, execution = (
            session(getattr(definition, attribute, None))
            for attribute in ("task_role_arn", "execution_role_arn")
        )
        return cls(task, execution, instance)

    @property
    def starting(self) -> RoleSession | None:
        """The session of the role with which the image is pulled and the log is written."""
        return self.execution or self.instance

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
        starting = self.starting
        if starting is None:
            return
        if container.get("secrets") and self.execution is None:
            raise TaskStartError(
                "ResourceInitializationError: unable to pull secrets or registry auth:"
                " the task definition has no executionRoleArn"
            )
        try:
            authorize_pull(starting, container.get("image") or "")
        except AccessDeniedError as error:
            text = f"CannotPullECRContainerError: AccessDeniedException: {error}"
            raise TaskStartError(text) from error
        if log.group is None:
            return
        stream = {"logGroupName": log.group, "logStreamName": log.stream(task_id)}
        try:
            starting.authorize("logs.CreateLogStream", stream)
        except AccessDeniedError as error:
            raise TaskStartError(
                "CannotStartContainerError: Error response from daemon: failed to initialize"
                " logging driver: failed to create Cloudwatch log stream: AccessDeniedException:"
                f" {error}"
            ) from error

    def clients(self, account: str, region: str) -> Any:
        """Clients with which ECS reads secrets and writes logs."""
        if self.starting is None:
            return connect_to(aws_access_key_id=account, region_name=region)
        return self.starting.clients()


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
