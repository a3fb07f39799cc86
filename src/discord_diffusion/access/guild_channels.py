"""Channels of a guild, as far as interactions tell of them. Pure.

Discord says of a thread, or of a post of a forum, which channel it is in, and nothing of that
channel: neither that it is age-restricted, which counts for its threads, nor its category.
https://docs.discord.com/developers/topics/threads#age-restricted-threads
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT = timedelta(days=30)
"""How long is known what an interaction in a channel said of it: the restriction may end."""
RENEWED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class GuildChannel:
    """A channel that is no thread; `category_id` is None outside categories."""

    id: str
    age_restricted: bool = False
    category_id: str | None = None
    is_category: bool = False


@dataclass(frozen=True)
class KnownChannel:
    """What an earlier interaction said of a channel; `until` is None if a manager named it."""

    channel: GuildChannel
    until: datetime | None

    def is_current(self, channel: GuildChannel, now: datetime) -> bool:
        """Whether nothing has to be noted, now that Discord has said this of the channel."""
        is_renewed = self.until is None or self.until - now > KEPT - RENEWED_AFTER
        return is_renewed and self.channel == channel


@dataclass(frozen=True)
class Place:
    """Where somebody asks: the channel, and what it is in."""

    ids: frozenset[str]
    age_restricted: bool

    @classmethod
    def of(
        cls, ids: Collection[str], *, age_restricted: bool, parent: GuildChannel | None
    ) -> "Place":
        """A channel, or with `parent` a thread of that channel, which is in what that is in."""
        category = parent.category_id if parent else None
        return cls(
            frozenset(ids) | ({category} if category else set()),
            age_restricted or (parent is not None and parent.age_restricted),
        )
