"""Settings of the simulated AWS: delays and special behaviour. Times are AWS's seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ecs_fleet_emulator.errors import InvalidSettingsError


@dataclass(frozen=True)
class Delays:
    """The delays of instances and tasks, which can differ from group to group.

    With the defaults a GPU instance joins its cluster after 80 s, and an image of some gigabytes is
    pulled in two minutes. An instance of a warm pool is started in `start_seconds`, and has its
    image: a task on it waits for `cached_pull_seconds`.
    """

    launch_seconds: float = 40.0
    start_seconds: float = 20.0
    stop_seconds: float = 20.0
    register_seconds: float = 40.0
    pull_seconds: float = 120.0
    cached_pull_seconds: float = 1.0
    terminate_seconds: float = 30.0
    launch_retry_seconds: float = 60.0
    spot_rebalance_seconds: float = 60.0
    spot_notice_seconds: float = 120.0


@dataclass(frozen=True)
class Settings:
    """All settings.

    `speed` divides every simulated delay. Processes are not sped up: a task that is being stopped
    keeps at least `stop_floor_seconds` of real time, or its stopTimeout if that is shorter.
    `alarm_speed` divides the times of the scaling loop: the periods of CloudWatch's alarms, the
    cooldowns of scaling policies, EventBridge's rates in minutes and the waits of Step Functions.
    Functions are not sped up, so `alarm_speed` is limited by how fast they finish.

    A capacity provider scales an empty group out to `first_scale_out` instances (0: as many as
    needed), and scales in after `scale_in_points` minutes of data. The next
    `drop_reservation_points` points of its metric, and the next `drop_metric_points` points of
    metrics outside of AWS's namespaces, are dropped.
    """

    speed: float = 1.0
    alarm_speed: float = 1.0
    delays: Delays = field(default_factory=Delays)
    groups: Mapping[str, Delays] = field(default_factory=dict)
    reservation_seconds: float = 60.0
    first_scale_out: int = 2
    scale_in_points: int = 15
    drop_reservation_points: int = 0
    drop_metric_points: int = 0
    stop_floor_seconds: float = 2.0
    remember_seconds: float = 3600.0

    def delays_of(self, group: str) -> Delays:
        """The delays of a group."""
        return self.groups.get(group, self.delays)

    def changed(self, values: Mapping[str, Any]) -> "Settings":
        """A copy with some settings changed; delays by their names, `groups` as an object.

        Raises:
            InvalidSettingsError: the text names the setting, its value and what is allowed.
        """
        own: dict[str, Any] = {}
        delays: dict[str, float] = {}
        for name, value in values.items():
            if name == "groups":
                own["groups"] = self._groups(value)
            elif name in _DELAYS:
                delays[name] = _number(name, value, minimum=0.0)
            elif name in _NUMBERS:
                own[name] = _number(name, value, minimum=0.001)
            elif name in _COUNTS:
                own[name] = int(_number(name, value, minimum=0.0))
            else:
                known = ", ".join(sorted(("groups", *_DELAYS, *_NUMBERS, *_COUNTS)))
                raise InvalidSettingsError(f"{name!r} is no setting; there are: {known}")
        return replace(self, delays=replace(self.delays, **delays), **own)

    def _groups(self, values: object) -> dict[str, Delays]:
        """The delays of all groups, with those that `values` changes."""
        if not isinstance(values, Mapping):
            raise InvalidSettingsError(f"groups is {values!r}: an object by group is allowed")
        groups = dict(self.groups)
        for group, delays in values.items():
            if not isinstance(delays, Mapping) or not set(delays) <= set(_DELAYS):
                allowed = ", ".join(_DELAYS)
                raise InvalidSettingsError(f"groups.{group} is {delays!r}: allowed are {allowed}")
            numbers = {name: _number(name, delays[name], minimum=0.0) for name in delays}
            groups[group] = replace(self.delays_of(group), **numbers)
        return groups


_DELAYS = tuple(delay.name for delay in fields(Delays))
_NUMBERS = ("speed", "alarm_speed", "reservation_seconds", "stop_floor_seconds", "remember_seconds")
_COUNTS = ("first_scale_out", "scale_in_points", "drop_reservation_points", "drop_metric_points")


def _number(name: str, value: object, minimum: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= minimum:
        raise InvalidSettingsError(f"{name} is {value!r}: a number of at least {minimum} is needed")
    return float(value)
