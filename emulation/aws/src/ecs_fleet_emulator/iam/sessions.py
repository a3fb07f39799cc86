"""Credentials of roles that the emulator takes on behalf of an AWS service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

from ecs_fleet_emulator.errors import RoleNotTakenError

from . import account
from .authorizer import authorize_operation, global_keys
from .principals import Principal
from .settings import is_enforced

# ECS's credentials are valid for six hours.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
SECONDS = 6 * 3600
_RENEWED_BEFORE = timedelta(minutes=30)


@dataclass
class RoleSession:
    """Takes a role for a service and a resource of its, and renews the credentials in time."""

    role_arn: str
    service: str
    source_arn: str
    name: str
    region: str
    _credentials: dict[str, Any] | None = None

    def credentials(self) -> dict[str, Any]:
        """AccessKeyId, SecretAccessKey, SessionToken and Expiration.

        Raises:
            RoleNotTakenError: there is no such role, or it does not trust the service.
        """
        if self._credentials is None or self._ends_soon(self._credentials):
            self._credentials = self._take()
        return self._credentials

    def clients(self) -> Any:
        """Clients of the emulator's own services with the role's rights.

        Raises:
            RoleNotTakenError: as above.
        """
        found = self.credentials()
        return connect_to(
            region_name=self.region,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )

    def authorize(self, operation: str, given: Mapping[str, Any]) -> None:
        """Allow an operation, such as "ecr.BatchGetImage", that is not emulated by a request.

        Raises:
            AccessDeniedError: the role has no right to it; the text is AWS's.
        """
        owner = self.role_arn.split(":")[4]
        role = self.role_arn.rpartition("/")[2]
        arn = f"arn:{account.PARTITION}:sts::{owner}:assumed-role/{role}/{self.name}"
        principal = Principal(arn, owner, role_arn=self.role_arn)
        keys = global_keys(principal, self.region)
        authorize_operation(principal, operation, given, (owner, self.region), keys)

    def _take(self) -> dict[str, Any]:
        if is_enforced() and account.role(self.role_arn) is None:
            raise RoleNotTakenError(self.role_arn)
        client = connect_to(region_name=self.region).sts.request_metadata(
            service_principal=self.service, source_arn=self.source_arn
        )
        try:
            answer = client.assume_role(
                RoleArn=self.role_arn, RoleSessionName=self.name, DurationSeconds=SECONDS
            )
        except ClientError as error:
            raise RoleNotTakenError(f"{self.role_arn}: {error}") from error
        found: dict[str, Any] = answer["Credentials"]
        return found

    def _ends_soon(self, credentials: dict[str, Any]) -> bool:
        end: datetime = credentials["Expiration"]
        return end - datetime.now(UTC) < _RENEWED_BEFORE
