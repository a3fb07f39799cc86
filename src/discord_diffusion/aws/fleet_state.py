"""The state of the fleet in the jobs table: the items `fleet`, `pace` and `ready`."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.aws.dynamodb import Table, from_item, moment
from discord_diffusion.aws.errors import ConditionFailedError, Item
from discord_diffusion.fleet.guard import FleetGuard, WatchedInstance
from discord_diffusion.fleet.instance_hours import InstanceHours
from discord_diffusion.fleet.pace import DrawnBatch, MeasuredPace
from discord_diffusion.fleet.starts import StartHistory
from discord_diffusion.fleet.state import FleetSnapshot, FleetState, Stop
from discord_diffusion.fleet.work import Work
from discord_diffusion.jobs.record import WaitKind

_FLEET = "fleet"
_PACE = "pace"
_READY = "ready"
COUNTS = ("visible", "in_flight", "running", "desired", "wanted")
"""The counts of a snapshot; its item has attributes of the same names."""


class FleetStateStore:
    """The three items. Each method raises `StoreError` if DynamoDB refuses or does not answer."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self) -> FleetState:
        """The fleet's state; the read is eventually consistent."""
        items = self._table.batch_get_item([_FLEET, _PACE], consistent=False)
        pace = from_item(items.get(_PACE, {}))
        return FleetState(
            snapshot=_snapshot(items[_FLEET]) if _FLEET in items else None,
            pace=_pace(pace),
            stop=_stop(from_item(items.get(_FLEET, {})).get("stop")),
        )

    def save_snapshot(self, snapshot: FleetSnapshot) -> tuple[FleetSnapshot, FleetGuard]:
        """Save a snapshot; returns it with what earlier looks found, and the guard's state."""
        values: dict[str, Any] = {name: getattr(snapshot, name) for name in COUNTS}
        values |= asdict(snapshot.work) | {"measured_at": snapshot.measured_at.timestamp()}
        changes = [f"#{name} = :{name}" for name in values]
        if snapshot.starting:
            changes.append("starting_since = if_not_exists(starting_since, :measured_at)")
        removed = "" if snapshot.starting else " REMOVE starting_since, launch_failed_at"
        update = self._table.update(
            _FLEET,
            f"SET {', '.join(changes)}{removed}",
            values={f":{name}": value for name, value in values.items()},
        )
        item = self._table.update_item(update, returns="ALL_NEW")
        return _snapshot(item), _guard(from_item(item).get("guard"), snapshot.measured_at)

    def save_guard(self, guard: FleetGuard, stop: Stop | None) -> bool:
        """Save the guard's state after a look; False if another look has saved one meanwhile."""
        kept = _guard_map(replace(guard, version=guard.version + 1))
        values: dict[str, Any] = {":guard": kept, ":version": guard.version}
        expression = "SET #guard = :guard REMOVE #stop"
        if stop:
            expression = "SET #guard = :guard, #stop = :stop"
            values[":stop"] = {"kind": str(stop.kind), "until": stop.until.timestamp()}
        condition = "attribute_not_exists(#guard) OR #guard.#version = :version"
        try:
            self._table.update_item(
                self._table.update(_FLEET, expression, condition=condition, values=values)
            )
        except ConditionFailedError:
            return False
        return True

    def save_launch_failure(self, failed_at: datetime | None) -> None:
        """Save when AWS last had no instance for starting tasks; None if it has one now."""
        expression = "SET launch_failed_at = :at" if failed_at else "REMOVE launch_failed_at"
        values = {":at": failed_at.timestamp()} if failed_at else None
        self._table.update_item(self._table.update(_FLEET, expression, values=values))

    def drew_at(self) -> datetime | None:
        """When a worker last published its pace, having drawn a batch; None if none ever did."""
        item = self._table.get_item(_PACE)
        return moment(from_item(item)["measured_at"]) if item else None

    def ready_at(self) -> datetime | None:
        """When a worker last became ready; None if none ever did."""
        item = self._table.get_item(_READY)
        return moment(from_item(item)["at"]) if item else None

    def worker_is_ready(self, at: datetime) -> None:
        """Save that a worker can take jobs from now on."""
        self._table.put_item(self._table.put({"id": _READY, "at": at.timestamp()}))

    def save_pace(self, pace: MeasuredPace) -> None:
        """Save the last batches of a worker, in place of those of another one."""
        batches = [asdict(batch) for batch in pace.batches]
        item = {"id": _PACE, "batches": batches, "measured_at": pace.measured_at.timestamp()}
        self._table.put_item(self._table.put(item))


def _pace(plain: Mapping[str, Any]) -> MeasuredPace | None:
    if not plain:
        return None
    # An earlier version kept the seconds of a job instead.
    batches = tuple(DrawnBatch(**batch) for batch in plain.get("batches", ()))
    return MeasuredPace(batches, datetime.fromtimestamp(plain["measured_at"], UTC))


def _work(plain: Mapping[str, Any]) -> Work:
    """The work of a snapshot; none in the item of an earlier version, which lasts a minute."""
    return Work(int(plain.get("jobs", 0)), int(plain.get("users", 0)), plain.get("units", 0.0))


def _snapshot(item: Item) -> FleetSnapshot:
    plain: Mapping[str, Any] = from_item(item)
    return FleetSnapshot(
        **{name: int(plain[name]) for name in COUNTS},
        measured_at=datetime.fromtimestamp(plain["measured_at"], UTC),
        starting_since=moment(plain.get("starting_since")),
        launch_failed_at=moment(plain.get("launch_failed_at")),
        work=_work(plain),
    )


def _stop(plain: Mapping[str, Any] | None) -> Stop | None:
    if not plain:
        return None
    return Stop(WaitKind(plain["kind"]), datetime.fromtimestamp(plain["until"], UTC))


def _guard(plain: Mapping[str, Any] | None, now: datetime) -> FleetGuard:
    if not plain:
        return FleetGuard(InstanceHours(now))
    # An operator may have removed it (docs/operations.md).
    starts: Mapping[str, Any] = plain.get("starts", {})
    return FleetGuard(
        hours=InstanceHours(
            datetime.fromtimestamp(plain["counted_at"], UTC),
            plain["day_seconds"],
            plain["month_seconds"],
        ),
        instances={
            ec2_id: WatchedInstance(
                datetime.fromtimestamp(found["counted_until"], UTC),
                moment(found.get("absent_since")),
                lost=found["lost"],
            )
            for ec2_id, found in plain["instances"].items()
        },
        starts=StartHistory(
            failures=int(starts.get("failures", 0)),
            pauses=int(starts.get("pauses", 0)),
            paused_until=moment(starts.get("paused_until")),
            failed_at=moment(starts.get("failed_at")),
            works_since=moment(starts.get("works_since")),
        ),
        version=int(plain["version"]),
    )


def _guard_map(guard: FleetGuard) -> dict[str, Any]:
    starts = guard.starts
    return {
        "version": guard.version,
        "counted_at": guard.hours.counted_at.timestamp(),
        "day_seconds": guard.hours.day_seconds,
        "month_seconds": guard.hours.month_seconds,
        "instances": {
            ec2_id: {
                "counted_until": found.counted_until.timestamp(),
                "absent_since": _seconds(found.absent_since),
                "lost": found.lost,
            }
            for ec2_id, found in guard.instances.items()
        },
        "starts": {
            "failures": starts.failures,
            "pauses": starts.pauses,
            "paused_until": _seconds(starts.paused_until),
            "failed_at": _seconds(starts.failed_at),
            "works_since": _seconds(starts.works_since),
        },
    }


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None
