"""AWS, as the deploy step sees it: clients of one region, and what AWS calls itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.errors import AwsError

_PATIENCE = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3}
)


@dataclass(frozen=True)
class Aws:
    """One region. Endpoints, profile and credentials are found as by every program of AWS's."""

    region: str

    def client(self, service: str) -> Any:
        """A client of a service."""
        return boto3.client(service, region_name=self.region, config=_PATIENCE)  # type: ignore[call-overload]

    def identity(self) -> dict[str, str]:
        """Account and ARN of whose credentials these are.

        Raises:
            AwsError: there are none, or AWS does not take them.
        """
        with named("sts:GetCallerIdentity"):
            found: dict[str, str] = self.client("sts").get_caller_identity()
        return found


@contextmanager
def named(action: str) -> Iterator[None]:
    """Turn AWS's errors into ours, with the action that was refused."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        text = error.response.get("Error", {}).get("Message", "")
        raise AwsError(f"{action}: {code} {text}".strip()) from error
    except BotoCoreError as error:
        raise AwsError(f"{action}: {error}") from error


def code_of(error: ClientError) -> str:
    """AWS's code of an error, for example `ParameterNotFound`."""
    return str(error.response.get("Error", {}).get("Code", ""))
