"""The secrets of a container: read when a task starts, handed to its process, kept nowhere.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
"""

import json
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

_SECRETS_MANAGER = "secretsmanager"
_PARTS_OF_A_SECRETS_ARN = 7


class SecretError(Exception):
    """A secret can't be read. The text names it, never its value."""


def read(account: str, region: str, container: dict[str, Any]) -> dict[str, str]:
    """The values of a container definition's `secrets`, by variable.

    Raises:
        SecretError: one of them is not there.
    """
    clients = connect_to(aws_access_key_id=account, region_name=region)
    found = {}
    for secret in container.get("secrets") or []:
        source = secret["valueFrom"]
        try:
            found[secret["name"]] = _value(clients, source)
        except (ClientError, KeyError, ValueError) as error:
            # Not from it: what it says may hold the value.
            raise SecretError(
                "ResourceInitializationError: unable to pull secrets or registry auth:"
                f" {source}: {type(error).__name__}"
            ) from None
    return found


def _value(clients: Any, source: str) -> str:
    parts = source.split(":")
    if len(parts) > 2 and parts[2] == _SECRETS_MANAGER:
        return _of_secrets_manager(clients.secretsmanager, parts)
    # A parameter's ARN ends with its name, which begins with / unless it has no / at all.
    name = parts[5].removeprefix("parameter") if source.startswith("arn:") else source
    bare = name.removeprefix("/")
    answer = clients.ssm.get_parameter(Name=name if "/" in bare else bare, WithDecryption=True)
    return str(answer["Parameter"]["Value"])


def _of_secrets_manager(client: Any, parts: list[str]) -> str:
    """arn:aws:secretsmanager:region:account:secret:name[:json-key[:version-stage[:version-id]]]"""
    key, stage, version = (*parts[_PARTS_OF_A_SECRETS_ARN:], "", "", "")[:3]
    asked = {"SecretId": ":".join(parts[:_PARTS_OF_A_SECRETS_ARN])}
    asked |= {"VersionStage": stage} if stage else {}
    asked |= {"VersionId": version} if version else {}
    value = str(client.get_secret_value(**asked)["SecretString"])
    return str(json.loads(value)[key]) if key else value
