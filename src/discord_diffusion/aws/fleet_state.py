"""What the table knows of the fleet: items `fleet` and `pace`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from discord_diffusion.aws import dynamodb
from discord_diffusion.aws.dynamodb import Item, read, translated, write
from discord_diffusion.fleet.state import FleetSnapshot, FleetState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FLEET = {"id": "fleet"}
_PACE = {"id": "pace"}
_COUNTS = ("visible", "in_flight", "running", "desired", "wanted")


class FleetStateStore:
    """The two items. Safe to share between threads, as botocore's clients are."""

    def __init__(
        self,
        table_name: str,
        *,
        region: str | None = None,
        client: "DynamoDBClient | None" = None,
    ) -> None:
        self._table = table_name
        self._client = client or dynamodb.client(region)

    def get(self) -> FleetState:
        """What is known, as of a moment ago.

        Raises:
            StoreError: DynamoDB refused it or did not answer in time.
        """
        keys = [write(_FLEET), write(_PACE)]
        with translated():
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys}})
        items = {item["id"]["S"]: item for item in answer["Responses"].get(self._table, [])}
        return FleetState(
            snapshot=_snapshot(items["fleet"]) if "fleet" in items else None,
            seconds_per_job=float(items["pace"]["seconds_per_job"]["N"])
            if "pace" in items
            else None,
        )

    def note(self, look: FleetSnapshot) -> FleetSnapshot:
        """Keep a look; it, with what the looks before it knew of a start that goes on.

        Raises:
            StoreError: as `get`.
        """
        changes = [f"{name} = :{name}" for name in _COUNTS] + ["measured_at = :now"]
        if look.starting:
            changes.append("starting_since = if_not_exists(starting_since, :now)")
        forgotten = "" if look.starting else " REMOVE starting_since, launch_failed_at"
        values: dict[str, Any] = {f":{name}": getattr(look, name) for name in _COUNTS}
        with translated():
            answer = self._client.update_item(
                TableName=self._table,
                Key=write(_FLEET),
                UpdateExpression=f"SET {', '.join(changes)}{forgotten}",
                ExpressionAttributeValues=write(values | {":now": look.measured_at.timestamp()}),
                ReturnValues="ALL_NEW",
            )
        return _snapshot(answer["Attributes"])

    def note_launch(self, failed_at: datetime | None) -> None:
        """Keep when AWS last had no instance for tasks that start; None if it has one now.

        Raises:
            StoreError: as `get`.
        """
        change: dict[str, Any] = {"UpdateExpression": "REMOVE launch_failed_at"}
        if failed_at:
            change = {
                "UpdateExpression": "SET launch_failed_at = :at",
                "ExpressionAttributeValues": write({":at": failed_at.timestamp()}),
            }
        with translated():
            self._client.update_item(TableName=self._table, Key=write(_FLEET), **change)

    def learn_pace(self, seconds_per_job: float, at: datetime) -> None:
        """Keep what a task takes for as many jobs as it draws together; the last word counts.

        Raises:
            StoreError: as `get`.
        """
        item = {**_PACE, "seconds_per_job": seconds_per_job, "measured_at": at.timestamp()}
        with translated():
            self._client.put_item(TableName=self._table, Item=write(item))


def _snapshot(item: Item) -> FleetSnapshot:
    plain: Mapping[str, Any] = read(item)
    return FleetSnapshot(
        **{name: int(plain[name]) for name in _COUNTS},
        measured_at=datetime.fromtimestamp(plain["measured_at"], UTC),
        starting_since=_moment(plain.get("starting_since")),
        launch_failed_at=_moment(plain.get("launch_failed_at")),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
