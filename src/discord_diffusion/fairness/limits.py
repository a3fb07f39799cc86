"""The limits that hold for one request, and the days that they are counted by."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

UNITS = (0, 1_000_000)
COOLDOWN_SECONDS = (0, 3600)
JOBS_IN_FLIGHT = (1, 20)
"""What those who run a guild may choose."""

PRIORITY_FACTOR = 3
"""By how much the quota of a member with priority is larger."""


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


@dataclass(frozen=True)
class Usage:
    """What has been used today, by a user and by the user's guild; jobs not finished, by id."""

    user_units: int
    guild_units: int
    in_flight: frozenset[str]


def day_of(moment: datetime) -> str:
    """The day, in UTC, that a request is counted on."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def next_day(moment: datetime) -> datetime:
    """When the quota is whole again."""
    today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
