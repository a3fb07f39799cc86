"""Settings of the simulated AWS: its delays and its quirks. Times are AWS's seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from discord_diffusion_emulator.errors import InvalidSettingsError


@dataclass(frozen=True)
class Delays:
    """The delays of instances and tasks, which can differ from group to group.

    By the defaults a GPU instance has joined its cluster after 80 s, and an image of some gigabytes
    is pulled in two minutes.
    """

    launch_seconds: float = 40.0
    register_seconds: float = 40.0
    pull_seconds: float = 120.0
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

    Quirks: a capacity provider without instances asks for `first_scale_out` of them (0: as many as
    needed); it needs `scale_in_points` minutes of data before it lets instances go; the next
    `drop_reservation_points` points of its metric, and the next `drop_metric_points` points of
    metrics outside of AWS's namespaces, are lost.
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

    def of(self, group: str) -> Delays:
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
                own["groups"] = {**self.groups, **self._groups(value)}
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

    def _groups(self, value: object) -> dict[str, Delays]:
        if not isinstance(value, Mapping):
            raise InvalidSettingsError(f"groups is {value!r}: an object by group is allowed")
        return {name: self._group(name, given) for name, given in value.items()}

    def _group(self, name: str, given: object) -> Delays:
        if not isinstance(given, Mapping) or not set(given) <= set(_DELAYS):
            allowed = ", ".join(_DELAYS)
            raise InvalidSettingsError(f"groups.{name} is {given!r}: allowed are {allowed}")
        numbers = {key: _number(key, given[key], minimum=0.0) for key in given}
        return replace(self.of(name), **numbers)


_DELAYS = tuple(one.name for one in fields(Delays))
_NUMBERS = ("speed", "alarm_speed", "reservation_seconds", "stop_floor_seconds", "remember_seconds")
_COUNTS = ("first_scale_out", "scale_in_points", "drop_reservation_points", "drop_metric_points")


def _number(name: str, value: object, minimum: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= minimum:
        raise InvalidSettingsError(f"{name} is {value!r}: a number of at least {minimum} is needed")
    return float(value)
