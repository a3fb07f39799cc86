"""What guilds have decided, what was used, and what is kept for those who have to look into it."""

from datetime import datetime
from typing import TYPE_CHECKING

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Usage
from discord_diffusion.aws.dynamodb import ConditionFailedError, translated, write
from discord_diffusion.aws.ledger import audit_item, usage, usage_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class GuildStore:
    """Items beside the jobs. Safe to share between threads, as botocore's clients are."""

    def __init__(
        self,
        table_name: str,
        *,
        client: "DynamoDBClient",
        audit_days: int,
    ) -> None:
        self._table = table_name
        self._client = client
        self._audit_days = audit_days

    def settings(self, guild_id: str) -> tuple[GuildSettings, int]:
        """What a guild has decided, and how often it has; nothing, and 0, where it has not.

        Raises:
            StoreError: DynamoDB refused it or did not answer in time.
        """
        with translated():
            found = self._client.get_item(
                TableName=self._table, Key=write({"id": _id(guild_id)}), ConsistentRead=True
            )
        item = found.get("Item")
        if not item:
            return GuildSettings(), 0
        return GuildSettings.from_json(item["settings"]["S"]), int(item["version"]["N"])

    def save(self, guild_id: str, settings: GuildSettings, version: int) -> bool:
        """Replace the settings that had that version; False when they have another by now.

        Raises:
            StoreError: as `settings`.
        """
        item = {"id": _id(guild_id), "settings": settings.to_json(), "version": version + 1}
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=write(item),
                    ConditionExpression="version = :known OR (:known = :none AND"
                    " attribute_not_exists(id))",
                    ExpressionAttributeValues=write({":known": version, ":none": 0}),
                )
        except ConditionFailedError:
            return False
        return True

    def usage(self, user_id: str, guild_id: str | None, now: datetime) -> Usage:
        """What a user and the user's guild have used today.

        Raises:
            StoreError: as `settings`.
        """
        keys = usage_keys(user_id, guild_id, now)
        with translated():
            answer = self._client.batch_get_item(
                RequestItems={
                    self._table: {
                        "Keys": [write({"id": key}) for key in keys],
                        "ConsistentRead": True,
                    }
                }
            )
        items = {item["id"]["S"]: item for item in answer["Responses"].get(self._table, [])}
        return usage(items, keys, now)

    def audit(
        self,
        event_id: str,
        user_id: str,
        guild_id: str | None,
        action: str,
        now: datetime,
        **what: str | int | None,
    ) -> None:
        """Keep who did what, and when; never a token.

        Raises:
            StoreError: as `settings`.
        """
        item = audit_item(event_id, user_id, guild_id, action, now, self._audit_days, **what)
        with translated():
            self._client.put_item(TableName=self._table, Item=item)


def _id(guild_id: str) -> str:
    return f"guild#{guild_id}"
