"""Counts the hours of all instances, for a day and a month, against a cap. Pure. Days are UTC's."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class HourCap:
    """The most hours of instances in a day and in a month; 0 is no cap."""

    day: float = 0.0
    month: float = 0.0


@dataclass(frozen=True)
class InstanceHours:
    """Seconds of instances in the day and the month of the last count."""

    counted_at: datetime
    day_seconds: float = 0.0
    month_seconds: float = 0.0

    def at(self, now: datetime) -> "InstanceHours":
        """The same count, with what belongs to an earlier day or month left out."""
        counted = replace(self, counted_at=now)
        if self.counted_at < _month_of(now):
            return replace(counted, day_seconds=0.0, month_seconds=0.0)
        return replace(counted, day_seconds=0.0) if self.counted_at < _day_of(now) else counted

    def plus(self, since: datetime, until: datetime) -> "InstanceHours":
        """With the time of one instance, as far as it lies in the day and month of the count."""

        def seconds(start: datetime) -> float:
            return max(0.0, (until - max(since, start)).total_seconds())

        return replace(
            self,
            day_seconds=self.day_seconds + seconds(_day_of(self.counted_at)),
            month_seconds=self.month_seconds + seconds(_month_of(self.counted_at)),
        )

    def capped_until(self, cap: HourCap) -> datetime | None:
        """When there are hours again; None as long as there are."""
        if cap.month and self.month_seconds >= cap.month * 3600:
            return _month_of(_month_of(self.counted_at) + timedelta(days=32))
        if cap.day and self.day_seconds >= cap.day * 3600:
            return _day_of(self.counted_at) + timedelta(days=1)
        return None


def _day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _month_of(moment: datetime) -> datetime:
    return _day_of(moment).replace(day=1)
