"""The limits of users and guilds, and the days that their units are counted by. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

UNITS = (0, 1_000_000)
COOLDOWN_SECONDS = (0, 3600)
JOBS_IN_FLIGHT = (1, 20)
"""Ranges that the managers of a guild choose from, to tighten the deployment's limits."""

PAUSE_AFTER_CANCEL_SECONDS = 5
"""Pause after a request that was cancelled, because cancelled requests cost no units."""

PRIORITY_FACTOR = 3
"""Factor of the guild's own quota for a member with priority, up to the deployment's quota."""


@dataclass(frozen=True)
class Limits:
    """Units a day of a user and of a guild, seconds between requests, unfinished jobs of a user.

    0 units is no limit.
    """

    user_units: int
    guild_units: int
    cooldown_seconds: int
    in_flight: int

    def with_priority(self) -> "Limits":
        """The limits of a member with a priority role."""
        return replace(self, user_units=self.user_units * PRIORITY_FACTOR, cooldown_seconds=0)

    def within(self, outer: "Limits") -> "Limits":
        """The stricter of both for each limit."""
        return Limits(
            _smaller_units(self.user_units, outer.user_units),
            _smaller_units(self.guild_units, outer.guild_units),
            max(self.cooldown_seconds, outer.cooldown_seconds),
            min(self.in_flight, outer.in_flight),
        )


@dataclass(frozen=True)
class Usage:
    """Units that a user and the user's guild have used today, and the ids of unfinished jobs."""

    user_units: int
    guild_units: int
    in_flight: frozenset[str]


def _smaller_units(first: int, second: int) -> int:
    return min((units for units in (first, second) if units), default=0)


def day_of(moment: datetime) -> str:
    """The day, in UTC, that a request counts for."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def next_day(moment: datetime) -> datetime:
    """When a new day, and with it a new quota, begins."""
    today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
