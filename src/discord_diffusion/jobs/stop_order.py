"""A moderator's order to stop the jobs of a guild, or of one of its users, up to a moment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord_diffusion.jobs.record import JobRecord


@dataclass(frozen=True)
class StopOrder:
    """Stops the jobs that were asked for before the interaction `event_id`, and no later ones.

    Without `user_id` those of all users.
    """

    guild_id: str
    event_id: str
    user_id: str | None = None

    def concerns(self, record: JobRecord) -> bool:
        """Whether a job is one of those."""
        return (
            record.guild_id == self.guild_id
            and self.user_id in (None, record.user_id)
            and int(record.id) < int(self.event_id)
        )

    def to_json(self) -> dict[str, str]:
        """The order in the input of the state machine that carries it out."""
        user = {"user": self.user_id} if self.user_id else {}
        return {"guild": self.guild_id, "event": self.event_id, **user}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "StopOrder":
        """Read what `to_json` wrote."""
        return cls(str(given["guild"]), str(given["event"]), given.get("user"))
