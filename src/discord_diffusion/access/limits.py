"""The limits of users and guilds, and the days that their units are counted by. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from discord_diffusion.jobs.units import HUNDREDTHS

UNITS = (0, 1_000_000)
COOLDOWN_SECONDS = (0, 3600)
JOBS_IN_FLIGHT = (1, 20)
"""Ranges that the managers of a guild choose from, to tighten the deployment's limits."""

PAUSE_AFTER_CANCEL_SECONDS = 5
"""Pause after a request that was cancelled, because cancelled requests cost no units."""

PRIORITY_FACTOR = 3
"""Factor of the guild's own quota of a member for those with priority."""


class Quota(StrEnum):
    """Whose units of a day are counted."""

    USER = "user"
    """A user's, in all guilds and in direct messages."""
    MEMBER = "member"
    """A user's in one guild."""
    GUILD = "guild"
    """A guild's: those of all its members in it."""
    DEPLOYMENT = "deployment"
    """Those of all users."""


@dataclass(frozen=True)
class Limits:
    """Units a day for each quota, seconds between a user's requests, a user's unfinished jobs.

    0 units is no limit. Requests and jobs are counted in all guilds together.
    """

    user_units: int = 0
    member_units: int = 0
    guild_units: int = 0
    deployment_units: int = 0
    cooldown_seconds: int = 0
    in_flight: int = 1

    def hundredths(self, quota: Quota) -> int:
        """The limit of a quota in hundredths of a unit, as jobs are charged; 0 is none."""
        units: int = getattr(self, f"{quota}_units")
        return units * HUNDREDTHS

    def with_priority(self) -> "Limits":
        """The limits of a member with a priority role."""
        return replace(self, member_units=self.member_units * PRIORITY_FACTOR, cooldown_seconds=0)

    def within(self, outer: "Limits") -> "Limits":
        """The stricter of both for each limit."""
        return Limits(
            fewest_units(self.user_units, outer.user_units),
            fewest_units(self.member_units, outer.member_units),
            fewest_units(self.guild_units, outer.guild_units),
            fewest_units(self.deployment_units, outer.deployment_units),
            max(self.cooldown_seconds, outer.cooldown_seconds),
            min(self.in_flight, outer.in_flight),
        )


@dataclass(frozen=True)
class Usage:
    """Hundredths of units that were used today, by quota, and the ids of a user's unfinished jobs.

    A quota is missing where it does not apply: outside a guild.
    """

    used: Mapping[Quota, int]
    in_flight: frozenset[str] = frozenset()

    def left(self, limits: Limits) -> "Allowance | None":
        """What is left of the user's own quotas: the one with less. None without a limit."""
        return min(
            (
                Allowance(max(0, limit - self.used[quota]), limit)
                for quota in (Quota.USER, Quota.MEMBER)
                if quota in self.used and (limit := limits.hundredths(quota))
            ),
            key=lambda allowance: allowance.left,
            default=None,
        )


@dataclass(frozen=True)
class Allowance:
    """What is left of a day's limit, both in hundredths of a unit."""

    left: int
    limit: int

    def minus(self, cost: int) -> "Allowance":
        """What is left once a job of that cost is charged."""
        return replace(self, left=max(0, self.left - cost))


def fewest_units(*limits: int) -> int:
    """The strictest of limits in units; 0 is none."""
    return min((units for units in limits if units), default=0)


def day_of(moment: datetime) -> str:
    """The day, in UTC, that a request counts for."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def next_day(moment: datetime) -> datetime:
    """When a new day, and with it a new quota, begins."""
    today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
