"""Keeps the ids that Discord gave the commands, so that `/help` can mention them."""

from collections.abc import Mapping
from typing import Any

from discord_diffusion.aws.command_ids import COMMANDS
from discord_diffusion.aws.dynamodb import to_item
from infra.deploy.aws import Aws, aws_action
from infra.deploy.errors import AwsError


def kept_for_help(aws: Aws, table: str, ids: Mapping[str, str]) -> str:
    """Keep the ids, without which `/help` names the commands all the same; says what was done."""
    try:
        with aws_action("dynamodb:UpdateItem"):
            keep_command_ids(aws.client("dynamodb"), table, ids)
    except AwsError as error:
        return f"/help mentions none of them, since their ids could not be kept: {error}"
    return f"{len(ids)} that /help mentions"


def keep_command_ids(client: Any, table: str, ids: Mapping[str, str]) -> None:
    """Write the ids, by the commands' names, into a deployment's table.

    Args:
        client: of DynamoDB, from boto3.
        table: the name of the jobs table.
        ids: as `Registrar.put_commands` returns them.

    Raises:
        ClientError, BotoCoreError: DynamoDB refused, or was not reached.
    """
    client.update_item(
        TableName=table,
        Key=to_item({"id": COMMANDS}),
        UpdateExpression="SET ids = :ids",
        ExpressionAttributeValues=to_item({":ids": ids}),
    )
