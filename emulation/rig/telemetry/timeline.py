"""Which log line of the product is which event on an interaction's timeline."""

from dataclasses import dataclass
from typing import Any

EVENTS = {
    "Verified": "verified",
    "Queued": "queued",
    "Leased": "leased",
    "Drawing": "generating",
    "The job failed": "failed",
}
"""Message of a structured log line, and the event that it stands for."""


@dataclass(frozen=True)
class TimelineEvent:
    """Something that happened to an interaction; `at` is ISO 8601, in UTC."""

    interaction_id: str
    name: str
    at: str


def event_of(line: dict[str, Any]) -> TimelineEvent | None:
    """The event that a structured log line tells of, or None."""
    name = EVENTS.get(str(line.get("message")))
    interaction_id = line.get("job") or line.get("interaction")
    if name is None or not isinstance(interaction_id, str):
        return None
    return TimelineEvent(interaction_id, name, str(line.get("time")))
