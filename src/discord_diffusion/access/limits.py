"""The limits that hold for one request, and the days that they are counted by."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

UNITS = (0, 1_000_000)
COOLDOWN_SECONDS = (0, 3600)
JOBS_IN_FLIGHT = (1, 20)
"""What those who run a guild may choose; it tightens what the deployment allows, no more."""

REST_SECONDS = 5
"""After a request that was cancelled: what costs nothing must not be asked for without end."""

PRIORITY_FACTOR = 3
"""How many times the guild's own quota a member with priority has, up to the deployment's."""


@dataclass(frozen=True)
class Limits:
    """Units a day of a user and of a guild, seconds between requests, requests at once.

    0 units is no limit.
    """

    user_units: int
    guild_units: int
    cooldown_seconds: int
    in_flight: int

    def with_priority(self) -> "Limits":
        """For a member whose role has priority."""
        return replace(self, user_units=self.user_units * PRIORITY_FACTOR, cooldown_seconds=0)

    def within(self, outer: "Limits") -> "Limits":
        """The stricter of both, one by one."""
        return Limits(
            _smaller_units(self.user_units, outer.user_units),
            _smaller_units(self.guild_units, outer.guild_units),
            max(self.cooldown_seconds, outer.cooldown_seconds),
            min(self.in_flight, outer.in_flight),
        )


@dataclass(frozen=True)
class Usage:
    """What has been used today, by a user and by the user's guild; jobs not finished, by id."""

    user_units: int
    guild_units: int
    in_flight: frozenset[str]


def _smaller_units(one: int, other: int) -> int:
    return min((units for units in (one, other) if units), default=0)


def day_of(moment: datetime) -> str:
    """The day, in UTC, that a request is counted on."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def next_day(moment: datetime) -> datetime:
    """When the quota is whole again."""
    today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
