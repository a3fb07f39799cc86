"""Interactions: what was sent, how the application responded, and when.

Shape: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from discord_stand_in.clock import iso
from discord_stand_in.json_types import Json
from discord_stand_in.state.retention import Retention


class InteractionType(IntEnum):
    """Discord's interaction types."""

    PING = 1
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class ResponseType(IntEnum):
    """Discord's interaction callback types that an application may use."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


class Outcome(StrEnum):
    """The outcome of an interaction, as the control API names it."""

    PENDING = "pending"
    ANSWERED = "answered"
    DEFERRED = "deferred"
    TIMEOUT = "timeout"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened to an interaction; `at` is in Unix seconds."""

    name: str
    at: float
    detail: Json | None = None


@dataclass
class Interaction:
    """An interaction with its response and its timeline; times are in Unix seconds."""

    id: str
    token: str = field(repr=False)
    type: InteractionType
    payload: Json = field(repr=False)
    """As it was built."""
    sent_payload: Json = field(repr=False)
    """As it is sent: the payload with a test's changes."""
    user_id: str
    channel_id: str
    guild_id: str | None
    created_at: float
    expires_at: float
    source_message_id: str | None = None
    """The message whose component was clicked."""
    outcome: Outcome = Outcome.PENDING
    status: int | None = None
    """The HTTP status of the endpoint's response."""
    error: str | None = None
    error_body: Json | None = None
    response: Json | None = None
    acknowledged: bool = False
    message_id: str | None = None
    """The id of the original response, `@original`."""
    message_ids: list[str] = field(default_factory=list)
    deliveries: int = 0
    events: list[TimelineEvent] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def response_type(self) -> int | None:
        """The type of the response, once Discord has accepted one."""
        return None if self.response is None else int(self.response["type"])

    @property
    def is_finished(self) -> bool:
        """Whether it was answered, or no longer can be."""
        return self.outcome != Outcome.PENDING

    @property
    def has_failed(self) -> bool:
        """Whether it was not answered in time, or its job failed for good."""
        return self.outcome in (Outcome.TIMEOUT, Outcome.ERROR) or self.has_event("failed")

    def has_event(self, name: str) -> bool:
        """Whether its timeline has an event of that name."""
        return any(event.name == name for event in self.events)

    def elapsed_ms(self, at: float) -> float:
        """Milliseconds from its creation to a time in Unix seconds."""
        return round((at - self.created_at) * 1000, 3)

    def timeline_json(self) -> list[Json]:
        """The timeline in order of time."""
        rows: list[Json] = []
        for event in sorted(self.events, key=lambda event: event.at):
            elapsed_ms = self.elapsed_ms(event.at)
            row: Json = {"name": event.name, "at": iso(event.at), "elapsed_ms": elapsed_ms}
            rows.append(row if event.detail is None else row | {"detail": event.detail})
        return rows

    def result_json(self) -> Json:
        """Its outcome, and the response or the error."""
        return {
            "interaction_id": self.id,
            "message_id": self.message_id,
            "outcome": self.outcome,
            "status": self.status,
            "error": self.error,
            "error_body": self.error_body,
            "response_type": self.response_type,
            "response": self.response,
        }

    def as_json(self) -> Json:
        """The interaction for the control API, without its messages and its token."""
        return self.result_json() | {
            "type": int(self.type),
            "user_id": self.user_id,
            "channel_id": self.channel_id,
            "guild_id": self.guild_id,
            "data": self.sent_payload.get("data"),
            "deliveries": self.deliveries,
            "message_ids": self.message_ids,
            "events": self.timeline_json(),
        }


class InteractionStore:
    """The newest interactions, and all whose tokens are valid, by id and by token.

    `forget` is called with the id of each that is forgotten.
    """

    def __init__(self, retention: Retention, forget: Callable[[str], None]) -> None:
        self._retention = retention
        self._forget = forget
        self.forgotten: Counter[str] = Counter()
        """How many are no longer kept, without those of autocomplete, and how many had failed."""
        self._by_id: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def add(self, interaction: Interaction) -> None:
        """Keep a new interaction."""
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        while len(self._by_id) > self._retention.number:
            oldest = next(iter(self._by_id.values()))
            if not self.has_expired(oldest):
                return
            del self._by_id[oldest.id]
            self._by_token.pop(oldest.token, None)
            if oldest.type != InteractionType.AUTOCOMPLETE:
                self.forgotten["interactions"] += 1
                self.forgotten["failed"] += oldest.has_failed
            self._forget(oldest.id)

    def find(self, interaction_id: str) -> Interaction | None:
        """An interaction by its id."""
        return self._by_id.get(interaction_id)

    def find_by_token(self, token: str) -> Interaction | None:
        """An interaction by its token, which may have expired."""
        return self._by_token.get(token)

    def has_expired(self, interaction: Interaction) -> bool:
        """Whether the 15 minutes of its token are over."""
        return self._retention.clock.now() >= interaction.expires_at

    def all(self) -> list[Interaction]:
        """Every interaction that is kept, oldest first."""
        return list(self._by_id.values())
