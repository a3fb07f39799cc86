"""AWS for the deploy step: clients of one region, and the bot token in SSM.

Only the deploy step reads the bot token, to register commands and to set the endpoint. No function
and no worker needs it, because they answer with the token of each interaction; so none may read it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import sign_in
from infra.deploy.errors import AwsError

_CONFIG = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3}
)
_KEY_OF_AWS = "alias/aws/ssm"
_MAKING_A_CLIENT = threading.Lock()
"""https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients"""


@dataclass(frozen=True)
class Aws:
    """One region. The SDK finds endpoints, profile and credentials in its usual places."""

    region: str

    def client(self, service: str) -> Any:
        """A client of a service."""
        with _MAKING_A_CLIENT:
            make: Any = sign_in.session().client
            return make(service, region_name=self.region, config=_CONFIG)

    def identity(self) -> dict[str, str]:
        """Account and ARN of the credentials.

        Raises:
            AwsError: there are none, or AWS does not accept them.
        """
        with aws_action("sts:GetCallerIdentity"):
            found: dict[str, str] = self.client("sts").get_caller_identity()
        return found


@contextmanager
def aws_action(action: str) -> Iterator[None]:
    """Turn the SDK's errors in the block into AwsError, with the action's name."""
    try:
        yield
    except ClientError as error:
        text = error.response.get("Error", {}).get("Message", "")
        raise AwsError(f"{action}: {error_code(error)} {text}".strip()) from error
    except BotoCoreError as error:
        raise AwsError(f"{action}: {error}") from error


def error_code(error: ClientError) -> str:
    """AWS's code of an error, for example `ParameterNotFound`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@dataclass(frozen=True)
class TokenStore:
    """The bot token of one deployment: an SSM SecureString, encrypted with AWS's own key."""

    aws: Aws
    name: str

    def get(self) -> str | None:
        """The stored token, or None."""
        with aws_action("ssm:GetParameter"):
            try:
                found = self.aws.client("ssm").get_parameter(Name=self.name, WithDecryption=True)
            except ClientError as error:
                if error_code(error) == "ParameterNotFound":
                    return None
                raise
        return str(found["Parameter"]["Value"])

    def put(self, token: str, tags: dict[str, str]) -> None:
        """Store the token, unless it is stored already."""
        stored = self.get()
        if stored == token:
            return
        new = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        with aws_action("ssm:PutParameter"):
            self.aws.client("ssm").put_parameter(
                Name=self.name,
                Description="Discord bot token, for the deploy step alone",
                Type="SecureString",
                KeyId=_KEY_OF_AWS,
                Value=token,
                **({"Overwrite": True} if stored else new),
            )

    def delete(self) -> None:
        """Delete the token, if it is stored."""
        with aws_action("ssm:DeleteParameter"):
            try:
                self.aws.client("ssm").delete_parameter(Name=self.name)
            except ClientError as error:
                if error_code(error) != "ParameterNotFound":
                    raise
