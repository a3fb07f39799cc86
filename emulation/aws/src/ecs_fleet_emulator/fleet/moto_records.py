"""Scaling activities and the instances of warm pools, which moto's backends do not keep, and times
in moto's form."""

from datetime import UTC, datetime
from typing import Any

MAX_ACTIVITIES = 500


def activities(backend: Any) -> list[dict[str, Any]]:
    """The scaling activities of a backend, newest first."""
    kept: list[dict[str, Any]] = backend.__dict__.setdefault("fleet_activities", [])
    return kept


def add_activity(backend: Any, activity: dict[str, Any]) -> None:
    """Keep a scaling activity as the newest one."""
    kept = activities(backend)
    kept.insert(0, activity)
    del kept[MAX_ACTIVITIES:]


def warm_instances(group: Any) -> list[Any]:
    """The instances in a group's warm pool, as moto's group holds its own."""
    kept: list[Any] = group.__dict__.setdefault("warm_instances", [])
    return kept


def moto_now() -> datetime:
    """The time now, as moto's backends hold it: UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)
