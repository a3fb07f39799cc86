"""Scaling activities and the instances of warm pools, which moto's backends do not keep, and times
in moto's form."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_ACTIVITIES = 500


@dataclass(frozen=True)
class AlarmedMetric:
    """The latest value that an alarm saw; `above`: it fires above its threshold."""

    alarm: str
    value: float
    threshold: float
    above: bool


@dataclass(frozen=True)
class TrackedAlarm:
    """An alarm of a policy of target tracking; the names are those by which moto shows one."""

    name: str
    alarm_arn: str


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


def is_suspended(group: Any, process: str) -> bool:
    """Whether a process of a group is suspended.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
    """
    return any(one["ProcessName"] == process for one in group.suspended_processes)


def moto_now() -> datetime:
    """The time now, as moto's backends hold it: UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)
