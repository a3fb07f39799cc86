"""Sessions of the Gateway, and the events that each has been sent, for Resume.

Contract: https://docs.discord.com/developers/events/gateway
"""

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from discord_stand_in.clock import Clock
from discord_stand_in.gateway_protocol import EVENTS, CloseCode, Intent, Opcode
from discord_stand_in.json_types import Json

_MAX_EVENTS = 1_000
"""Events of a session that are kept for Resume; Discord documents no number."""
_RESUMABLE_SECONDS = 180.0
"""How long a session outlives its connection; Discord documents no number."""
_CONTENT = ("content", "embeds", "attachments", "components")


class Connection(Protocol):
    """A client's WebSocket."""

    def send(self, payload: Json) -> None:
        """Send a payload, after those that wait already."""

    def close(self, code: CloseCode) -> None:
        """Close it, after what waits to be sent."""


@dataclass
class GatewaySession:
    """What an application identified as, and what it was sent."""

    id: str
    intents: Intent
    shard: tuple[int, int]
    """Its number, and how many there are."""
    connection: Connection | None
    """None while the client is not connected."""
    sequence: int = 0
    disconnected_at: float | None = None
    _sent: deque[Json] = field(default_factory=lambda: deque(maxlen=_MAX_EVENTS))

    def dispatch(self, name: str, data: Json) -> None:
        """Number an event, keep it for Resume and send it if there is a connection."""
        self.sequence += 1
        payload = {"op": int(Opcode.DISPATCH), "t": name, "s": self.sequence, "d": data}
        self._sent.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def missed(self, after: int) -> list[Json] | None:
        """The payloads after a sequence number; None if some of them are no longer kept."""
        oldest = self._sent[0]["s"] if self._sent else self.sequence + 1
        if after < oldest - 1:
            return None
        return [payload for payload in self._sent if payload["s"] > after]

    def serves(self, guild_id: str | None) -> bool:
        """Whether a guild is of this shard; direct messages are of the first."""
        number, count = self.shard
        return (int(guild_id or 0) >> 22) % count == number

    def receives(self, name: str, guild_id: str | None) -> bool:
        """Whether it gets an event of a guild, or outside one."""
        needed = EVENTS[name].in_dm if guild_id is None else EVENTS[name].in_guild
        return self.serves(guild_id) and (needed is None or needed in self.intents)


class GatewaySessions:
    """The sessions that are connected or may be resumed."""

    def __init__(self, clock: Clock, bot_id: str) -> None:
        self._clock = clock
        self._bot_id = bot_id
        self._sessions: dict[str, GatewaySession] = {}

    def all(self) -> list[GatewaySession]:
        """Every session, oldest first, without those that ended with their connection."""
        earliest = self._clock.now() - _RESUMABLE_SECONDS
        for session in list(self._sessions.values()):
            if session.disconnected_at is not None and session.disconnected_at < earliest:
                self.end(session)
        return list(self._sessions.values())

    def find(self, session_id: str) -> GatewaySession | None:
        """A session that is connected or may be resumed."""
        return next((one for one in self.all() if one.id == session_id), None)

    def start(
        self, intents: Intent, shard: tuple[int, int], connection: Connection
    ) -> GatewaySession:
        """A new session of a connection."""
        session = GatewaySession(secrets.token_hex(16), intents, shard, connection)
        self._sessions[session.id] = session
        return session

    def end(self, session: GatewaySession) -> None:
        """Forget a session: it can no longer be resumed."""
        session.connection = None
        self._sessions.pop(session.id, None)

    def disconnect(self, session: GatewaySession, connection: Connection) -> None:
        """Keep the events of a session whose connection ended, until it is resumed."""
        if session.connection is connection:
            session.connection = None
            session.disconnected_at = self._clock.now()

    def resume(self, session: GatewaySession, connection: Connection) -> None:
        """Give a session another connection."""
        session.connection = connection
        session.disconnected_at = None

    def dispatch(self, name: str, data: Json, guild_id: str | None) -> int:
        """Send an event to every session that gets it; returns to how many."""
        receivers = [one for one in self.all() if one.receives(name, guild_id)]
        for session in receivers:
            is_message = name in ("MESSAGE_CREATE", "MESSAGE_UPDATE")
            session.dispatch(name, self._visible(session, data) if is_message else data)
        return len(receivers)

    def _visible(self, session: GatewaySession, message: Json) -> Json:
        """A message without its content, where the session may not read it.

        https://docs.discord.com/developers/events/gateway#message-content-intent
        """
        mentioned = [user["id"] for user in message["mentions"]]
        is_own = message["author"]["id"] == self._bot_id
        if Intent.MESSAGE_CONTENT in session.intents or is_own or self._bot_id in mentioned:
            return message
        if "guild_id" not in message:
            return message
        return message | {name: "" if name == "content" else [] for name in _CONTENT}

    def clear(self) -> None:
        """End every session."""
        for session in self.all():
            self.end(session)
