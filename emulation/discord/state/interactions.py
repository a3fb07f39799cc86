"""Interactions: what was sent, what came back, and when.

Shape: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum

from emulation.discord.clock import Clock, iso
from emulation.discord.json_types import Json


class Kind(IntEnum):
    """Discord's interaction types."""

    PING = 1
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Answer(IntEnum):
    """Discord's interaction callback types that an application may use."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


PENDING = "pending"
ANSWERED = "answered"
DEFERRED = "deferred"
TIMEOUT = "timeout"
ERROR = "error"


@dataclass(frozen=True)
class TimelineEvent:
    """Something that happened to an interaction."""

    name: str
    at: float
    detail: Json | None = None


@dataclass
class Interaction:
    """One interaction and everything known of it."""

    id: str
    token: str = field(repr=False)
    kind: Kind
    payload: Json = field(repr=False)
    """As it was made."""
    sent: Json = field(repr=False)
    """As it is sent: the payload with whatever a test laid over it."""
    user_id: str
    channel_id: str
    guild_id: str | None
    created_at: float
    expires_at: float
    body: bytes = field(default=b"", repr=False)
    source_message_id: str | None = None
    """The message whose component was pressed."""
    outcome: str = PENDING
    status: int | None = None
    error: str | None = None
    error_body: Json | None = None
    response: Json | None = None
    acknowledged: bool = False
    message_id: str | None = None
    """What `@original` is."""
    message_ids: list[str] = field(default_factory=list)
    deliveries: int = 0
    events: list[TimelineEvent] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def response_type(self) -> int | None:
        """The type of the answer that Discord took."""
        return None if self.response is None else int(self.response["type"])

    @property
    def is_settled(self) -> bool:
        """Whether it was answered, or can no longer be."""
        return self.outcome != PENDING

    def has_event(self, name: str) -> bool:
        """Whether something of that name happened already."""
        return any(event.name == name for event in self.events)


class InteractionStore:
    """All interactions, by id and by token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_id: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def add(self, interaction: Interaction) -> None:
        """Keep a new one."""
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction

    def find(self, interaction_id: str) -> Interaction | None:
        """By id."""
        return self._by_id.get(interaction_id)

    def by_token(self, token: str) -> Interaction | None:
        """By token, however old it is."""
        return self._by_token.get(token)

    def has_expired(self, interaction: Interaction) -> bool:
        """Whether its token's 15 minutes are over."""
        return self._clock.now() >= interaction.expires_at

    def all(self) -> list[Interaction]:
        """Every interaction, oldest first."""
        return list(self._by_id.values())

    def clear(self) -> None:
        """Forget them all."""
        self._by_id.clear()
        self._by_token.clear()


def timeline_json(interaction: Interaction) -> list[Json]:
    """The timeline in order of time, with milliseconds since the interaction was made."""
    rows: list[Json] = []
    for event in sorted(interaction.events, key=lambda one: one.at):
        elapsed = round((event.at - interaction.created_at) * 1000, 3)
        row: Json = {"name": event.name, "at": iso(event.at), "elapsed_ms": elapsed}
        if event.detail is not None:
            row["detail"] = event.detail
        rows.append(row)
    return rows
