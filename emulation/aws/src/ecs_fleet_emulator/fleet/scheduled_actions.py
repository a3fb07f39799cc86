"""Carries out the scheduled actions of services and groups at their times.

A schedule's times are those of users: not divided, unless it is a rate, which is divided as the
times of the scaling loop are.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ecs_fleet_emulator.simulation.scaling_schedules import Schedule

from . import group_scaling, service_scaling

if TYPE_CHECKING:
    from .region import Region

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Planned:
    """An action with its times. `ended`: forget it, since it has taken place for the last time."""

    name: str
    schedule: Schedule
    carry_out: Callable[[], None]
    ended: Callable[[], object]


class ScheduledActions:
    """The scheduled actions of one region."""

    def __init__(self) -> None:
        self._checked = datetime.now(UTC)

    def resume(self) -> None:
        """Go on in another emulator: what would have taken place meanwhile does not."""
        self._checked = datetime.now(UTC)

    def carry_out_due(self, region: "Region", now: datetime) -> float | None:
        """Carry out what is due; the seconds until something is again, None if nothing will be."""
        waits = []
        for planned in list(_planned(region)):
            due = planned.schedule.next_after(self._checked)
            if due is not None and due <= now:
                LOG.info("the scheduled action %s takes place", planned.name)
                try:
                    planned.carry_out()
                except Exception:  # one action that fails must not stop the whole fleet
                    LOG.exception("the scheduled action %s failed", planned.name)
                due = planned.schedule.next_after(now)
            if due is None:
                planned.ended()
            else:
                waits.append((due - now).total_seconds())
        self._checked = now
        return min(waits, default=None)


def service_schedule(action: Any, speed: float) -> Schedule:
    """The times of a scheduled action of Application Auto Scaling, from moto's record or a request.

    Raises:
        InvalidScheduleError: they make no sense.
    """
    return Schedule(
        action.schedule,
        created=datetime.fromtimestamp(action.creation_time, UTC),
        start=_moment(action.start_time),
        end=_moment(action.end_time),
        zone=action.timezone or "UTC",
        speed=speed,
    )


def group_schedule(action: group_scaling.GroupAction) -> Schedule:
    """The times of a scheduled action of a group.

    Raises:
        InvalidScheduleError: they make no sense.
    """
    given = action.given
    return Schedule(
        given.get("Recurrence") or "",
        created=action.created,
        start=_moment(given.get("StartTime") or given.get("Time")),
        end=_moment(given.get("EndTime")),
        zone=given.get("TimeZone") or "UTC",
        at_start=True,
    )


def _planned(region: "Region") -> Iterator[_Planned]:
    for action in service_scaling.backend_of(region).scheduled_actions[:]:
        carry_out = partial(service_scaling.carry_out_action, region, action)
        schedule = service_schedule(action, region.settings.alarm_speed)
        yield _Planned(action.scheduled_action_name, schedule, carry_out, lambda: None)
    for group in list(region.autoscaling.autoscaling_groups.values()):
        actions = group_scaling.scaling_of(group).actions
        for name, done in list(actions.items()):
            carry_out = partial(group_scaling.carry_out_action, region, group, done)
            # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScheduledActions.html
            ended: Callable[[], object] = partial(actions.pop, name, None)
            yield _Planned(name, group_schedule(done), carry_out, ended)


def _moment(given: Any) -> datetime | None:
    """A time of a request, as the SDKs send it in either protocol."""
    if given is None or given == "":
        return None
    if isinstance(given, int | float):
        return datetime.fromtimestamp(given, UTC)
    found = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
