"""What the managers of a guild did last: who changed what, when. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

MOST_CHANGES = 20
"""Most changes that are kept of a guild, and shown: as many as fit into a message."""
VALUE_LENGTH = 40
"""Characters of a value that are kept."""


@dataclass(frozen=True)
class GuildChange:
    """One thing that a manager did: a sub-command of `/settings` with the options that were given.

    `event_id` is the interaction; `at` are seconds since the epoch.
    """

    event_id: str
    user_id: str
    action: str
    at: int
    values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, event_id: str, user_id: str, action: str, values: Mapping[str, object]
    ) -> "GuildChange":
        """What is done now; options that were not given are left out."""
        kept = {
            name: str(value)[:VALUE_LENGTH] for name, value in values.items() if value is not None
        }
        return cls(event_id, user_id, action, int(datetime.now(UTC).timestamp()), kept)


def with_change(
    changes: tuple[GuildChange, ...], change: GuildChange, kept: timedelta
) -> tuple[GuildChange, ...]:
    """The changes of the time that they are kept for, the newest first, with one more."""
    return (change, *recent(changes, change.at, kept))[:MOST_CHANGES]


def recent(
    changes: tuple[GuildChange, ...], now: float, kept: timedelta
) -> tuple[GuildChange, ...]:
    """The changes that are not older than `kept`."""
    return tuple(one for one in changes if now - one.at < kept.total_seconds())


def to_json(changes: tuple[GuildChange, ...]) -> str:
    """The changes as the table keeps them."""
    return json.dumps([asdict(one) for one in changes], separators=(",", ":"))


def from_json(text: str) -> tuple[GuildChange, ...]:
    """Read what `to_json` wrote."""
    kept: list[dict[str, Any]] = json.loads(text)
    return tuple(GuildChange(**one) for one in kept)
