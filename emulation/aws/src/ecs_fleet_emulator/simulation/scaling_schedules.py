"""When the scheduled actions of AWS's scaling services take place.

Application Auto Scaling has at(...), rate(...) and AWS's cron(...); EC2 Auto Scaling has cron of
five fields.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crontab import CronTab

from ecs_fleet_emulator.errors import InvalidScheduleError

_EXPRESSION = re.compile(r"(at|rate|cron)\((.+)\)")
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)(s?)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_AWS_FIELDS, _UNIX_FIELDS = 6, 5
# Of the days of the week AWS numbers Sunday 1, crontab 0.
_WEEKDAY = re.compile(r"(?<![#/\d])[1-7](?!\d)")
_LAST_WEEKDAY = re.compile(r"([0-6]|[A-Z]{3})L")


@dataclass(frozen=True)
class Schedule:
    """The times of a scheduled action; `start` and `end` bound them, `zone` is a time zone's name.

    `speed` divides the interval of a rate. `at_start`: it also takes place at the start.

    Raises:
        InvalidScheduleError: the text names what is wrong with the expression or the zone.
    """

    expression: str
    created: datetime
    start: datetime | None = None
    end: datetime | None = None
    zone: str = "UTC"
    speed: float = 1.0
    at_start: bool = False

    def __post_init__(self) -> None:
        _zone(self.zone)
        if self.expression:
            self._next(self.created)
        elif not self.at_start:
            raise InvalidScheduleError("a schedule needs an expression or a start")

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after a moment; None if there is none."""
        times = [time for time in self._times(moment) if self.end is None or time <= self.end]
        return min(times, default=None)

    def _times(self, moment: datetime) -> Iterator[datetime]:
        if self.at_start and self.start is not None and self.start > moment:
            yield self.start
        if not self.expression:
            return
        # The start itself may be a time of the expression.
        first = max(moment, self.start - timedelta(seconds=1)) if self.start else moment
        following = self._next(first)
        if following is not None:
            yield following

    def _next(self, moment: datetime) -> datetime | None:
        """The first time of the expression after a moment."""
        kind, text = _kind(self.expression)
        if kind == "at":
            once = _moment(text, self.zone)
            return once if once > moment else None
        if kind == "rate":
            origin = self.start or self.created
            interval = _interval(text) / self.speed
            passed = max((moment - origin).total_seconds() // interval, 0.0)
            return origin + timedelta(seconds=(passed + 1) * interval)
        local = moment.astimezone(_zone(self.zone)).replace(tzinfo=None, microsecond=0)
        fields = text if kind == "unix" else crontab_fields(text)
        crontab = _crontab(fields)
        while (seconds := crontab.next(now=local, default_utc=True)) is not None:
            local += timedelta(seconds=round(seconds))
            found = local.replace(tzinfo=_zone(self.zone)).astimezone(UTC)
            # The hour that a clock shows twice counts once: its times were before the moment.
            if found > moment:
                return found
        return None


def crontab_fields(text: str) -> str:
    """The fields of AWS's cron(...) in crontab's form.

    Raises:
        InvalidScheduleError: they are not six, or use W or #, which are not emulated.
    """
    fields = text.upper().split()
    if len(fields) != _AWS_FIELDS:
        raise InvalidScheduleError(f"cron({text}) needs six fields")
    if "W" in fields[2] or "#" in fields[4]:
        raise InvalidScheduleError(f"not emulated: W or # in cron({text})")
    fields[4] = _WEEKDAY.sub(lambda day: str(int(day[0]) - 1), fields[4])
    fields[4] = _LAST_WEEKDAY.sub(r"L\1", fields[4])
    return " ".join(fields)


@lru_cache(256)
def _crontab(fields: str) -> CronTab:
    try:
        return CronTab(fields)
    except ValueError as error:
        raise InvalidScheduleError(f"{fields}: {error}") from error


def _kind(expression: str) -> tuple[str, str]:
    """The kind of an expression, and what is in its parentheses; of Unix's cron all of it."""
    match = _EXPRESSION.fullmatch(expression)
    if match:
        return match[1], match[2]
    if len(expression.split()) == _UNIX_FIELDS:
        return "unix", expression
    raise InvalidScheduleError(f"{expression!r} is neither at(), rate() nor cron()")


def _interval(text: str) -> int:
    match = _RATE.fullmatch(text)
    if match is None or (match[1] == "1") == bool(match[3]):
        raise InvalidScheduleError(f"rate({text}) needs a number and minute(s), hour(s) or day(s)")
    return int(match[1]) * _SECONDS[match[2]]


def _moment(text: str, zone: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=_zone(zone)).astimezone(UTC)
    except ValueError as error:
        raise InvalidScheduleError(f"at({text}) needs yyyy-mm-ddThh:mm:ss") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidScheduleError(f"{name!r} is no time zone") from error
