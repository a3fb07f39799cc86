"""The state of the fleet in the jobs table: the items `fleet` and `pace`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.aws.dynamodb import Table, from_item, moment
from discord_diffusion.aws.errors import Item
from discord_diffusion.fleet.state import FleetSnapshot, FleetState

_FLEET = "fleet"
_PACE = "pace"
COUNTS = ("visible", "in_flight", "running", "desired", "wanted")
"""The counts of a snapshot; its item has attributes of the same names."""


class FleetStateStore:
    """The two items. Each method raises `StoreError` if DynamoDB refuses or does not answer."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self) -> FleetState:
        """The fleet's state; the read is eventually consistent."""
        items = self._table.batch_get_item([_FLEET, _PACE], consistent=False)
        pace = from_item(items.get(_PACE, {}))
        return FleetState(
            snapshot=_snapshot(items[_FLEET]) if _FLEET in items else None,
            seconds_per_job=pace.get("seconds_per_job"),
        )

    def save_snapshot(self, snapshot: FleetSnapshot) -> FleetSnapshot:
        """Save a snapshot; returns it with what earlier ones found about starting tasks."""
        changes = [f"{name} = :{name}" for name in COUNTS] + ["measured_at = :now"]
        if snapshot.starting:
            changes.append("starting_since = if_not_exists(starting_since, :now)")
        removed = "" if snapshot.starting else " REMOVE starting_since, launch_failed_at"
        values: dict[str, Any] = {f":{name}": getattr(snapshot, name) for name in COUNTS}
        update = self._table.update(
            _FLEET,
            f"SET {', '.join(changes)}{removed}",
            values=values | {":now": snapshot.measured_at.timestamp()},
        )
        return _snapshot(self._table.update_item(update, returns="ALL_NEW"))

    def save_launch_failure(self, failed_at: datetime | None) -> None:
        """Save when AWS last had no instance for starting tasks; None if it has one now."""
        expression = "SET launch_failed_at = :at" if failed_at else "REMOVE launch_failed_at"
        values = {":at": failed_at.timestamp()} if failed_at else None
        self._table.update_item(self._table.update(_FLEET, expression, values=values))

    def learn_pace(self, seconds_per_job: float, at: datetime) -> None:
        """Save the seconds that a task takes for a batch, in place of the last value."""
        pace = {"id": _PACE, "seconds_per_job": seconds_per_job, "measured_at": at.timestamp()}
        self._table.put_item(self._table.put(pace))


def _snapshot(item: Item) -> FleetSnapshot:
    plain: Mapping[str, Any] = from_item(item)
    return FleetSnapshot(
        **{name: int(plain[name]) for name in COUNTS},
        measured_at=datetime.fromtimestamp(plain["measured_at"], UTC),
        starting_since=moment(plain.get("starting_since")),
        launch_failed_at=moment(plain.get("launch_failed_at")),
    )
