"""Names and numbers of the Gateway: opcodes, close codes, intents, and the events of each intent.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway and
https://docs.discord.com/developers/events/gateway#list-of-intents
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

VERSIONS = ("9", "10")


class Opcode(IntEnum):
    """What a payload is."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11
    REQUEST_SOUNDBOARD_SOUNDS = 31


@dataclass(frozen=True)
class CloseCode:
    """Why the Gateway closes a connection, and whether a client may connect again."""

    number: int
    reason: str
    may_reconnect: bool = True


UNKNOWN_ERROR = CloseCode(4000, "Unknown error.")
UNKNOWN_OPCODE = CloseCode(4001, "Unknown opcode.")
DECODE_ERROR = CloseCode(4002, "Error while decoding payload.")
NOT_AUTHENTICATED = CloseCode(4003, "Not authenticated.")
AUTHENTICATION_FAILED = CloseCode(4004, "Authentication failed.", may_reconnect=False)
ALREADY_AUTHENTICATED = CloseCode(4005, "Already authenticated.")
INVALID_SEQUENCE = CloseCode(4007, "Invalid seq.")
RATE_LIMITED = CloseCode(4008, "Rate limited.")
SESSION_TIMED_OUT = CloseCode(4009, "Session timed out.")
INVALID_SHARD = CloseCode(4010, "Invalid shard.", may_reconnect=False)
INVALID_VERSION = CloseCode(4012, "Invalid API version.", may_reconnect=False)
INVALID_INTENTS = CloseCode(4013, "Invalid intent(s).", may_reconnect=False)
DISALLOWED_INTENTS = CloseCode(4014, "Disallowed intent(s).", may_reconnect=False)

CLOSE_CODES = (
    *(UNKNOWN_ERROR, UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED),
    *(ALREADY_AUTHENTICATED, INVALID_SEQUENCE, RATE_LIMITED, SESSION_TIMED_OUT, INVALID_SHARD),
    *(INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS),
)
"""Without 4011: a single guild never needs shards."""


class Intent(IntFlag):
    """Which events an application wants."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


ALL_INTENTS = int(sum(Intent))

APPLICATION_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 12 | 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 14 | 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 18 | 1 << 19,
}
"""The privileged intents, and the application's flags that allow each (verified, or limited)."""
LIMITED_FLAGS = 1 << 13 | 1 << 15 | 1 << 19
"""The flags that an application may set itself."""


@dataclass(frozen=True)
class EventIntents:
    """What a session needs to get an event; None: it gets the event without an intent."""

    in_guild: Intent | None
    in_dm: Intent | None = None


_GUILDS = EventIntents(Intent.GUILDS)
_MESSAGES = EventIntents(Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
_REACTIONS = EventIntents(Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
_ALWAYS = EventIntents(None)

EVENTS = {
    "INTERACTION_CREATE": _ALWAYS,
    "ENTITLEMENT_CREATE": _ALWAYS,
    "ENTITLEMENT_UPDATE": _ALWAYS,
    "ENTITLEMENT_DELETE": _ALWAYS,
    "GUILD_CREATE": _GUILDS,
    "GUILD_ROLE_CREATE": _GUILDS,
    "GUILD_ROLE_DELETE": _GUILDS,
    "CHANNEL_CREATE": _GUILDS,
    "CHANNEL_DELETE": _GUILDS,
    "THREAD_CREATE": _GUILDS,
    "THREAD_DELETE": _GUILDS,
    "MESSAGE_CREATE": _MESSAGES,
    "MESSAGE_UPDATE": _MESSAGES,
    "MESSAGE_DELETE": _MESSAGES,
    "MESSAGE_DELETE_BULK": EventIntents(Intent.GUILD_MESSAGES),
    "MESSAGE_REACTION_ADD": _REACTIONS,
    "MESSAGE_REACTION_REMOVE": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": _REACTIONS,
    "CHANNEL_PINS_UPDATE": EventIntents(Intent.GUILDS, Intent.DIRECT_MESSAGES),
    "TYPING_START": EventIntents(Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
    "WEBHOOKS_UPDATE": EventIntents(Intent.GUILD_WEBHOOKS),
    "GUILD_MEMBERS_CHUNK": _ALWAYS,
    "SOUNDBOARD_SOUNDS": _ALWAYS,
    "VOICE_STATE_UPDATE": EventIntents(Intent.GUILD_VOICE_STATES),
}
"""Every event that the stand-in sends beside READY and RESUMED, with the intents it depends on."""
