"""Messages: what they hold, and every version they have had.

Shape: https://docs.discord.com/developers/resources/message#message-object
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from emulation.discord.clock import iso
from emulation.discord.errors import UNKNOWN_MESSAGE, DiscordError
from emulation.discord.json_types import Json
from emulation.discord.state.attachments import Attachment, AttachmentStore

SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12

DEFAULT = 0
REPLY = 19
CHAT_INPUT_COMMAND = 20
CONTEXT_MENU_COMMAND = 23


@dataclass
class Message:
    """A message as it is now."""

    id: str
    channel_id: str
    author: Json
    created_at: float
    type: int = DEFAULT
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    edited_at: float | None = None
    pings: Json = field(default_factory=dict)
    """Who would be notified: `everyone` (bool), `users` and `roles` (ids)."""
    mentions: list[Json] = field(default_factory=list)
    webhook_id: str | None = None
    application_id: str | None = None
    interaction_id: str | None = None
    interaction_metadata: Json | None = None
    ephemeral_for: str | None = None
    reply_to: str | None = None
    history: list[Json] = field(default_factory=list)
    """Every version, oldest first, as it was when it was made."""
    deleted: bool = False

    @property
    def edits(self) -> int:
        """How often it was changed since it was made."""
        return max(0, len(self.history) - 1)


class MessageStore:
    """All messages, by channel in the order in which they were made."""

    def __init__(self, attachments: AttachmentStore) -> None:
        self._attachments = attachments
        self._by_id: dict[str, Message] = {}
        self._channels: dict[str, list[Message]] = {}

    def add(self, message: Message) -> Message:
        """Keep a new message and its first version."""
        self._by_id[message.id] = message
        self._channels.setdefault(message.channel_id, []).append(message)
        self.keep_version(message)
        return message

    def keep_version(self, message: Message) -> None:
        """Remember the message as it is now."""
        message.history.append(self.as_json(message))

    def get(self, message_id: str | None) -> Message:
        """A message that was not deleted, or 10008."""
        message = self._by_id.get(message_id or "")
        if message is None or message.deleted:
            raise DiscordError(UNKNOWN_MESSAGE)
        return message

    def find(self, message_id: str | None) -> Message | None:
        """A message, deleted or not."""
        return self._by_id.get(message_id or "")

    def delete(self, message: Message) -> None:
        """Delete it for users; its history stays for the control API."""
        message.deleted = True

    def in_channel(self, channel_id: str) -> Iterator[Message]:
        """A channel's messages, oldest first, deleted ones left out."""
        for message in self._channels.get(channel_id, []):
            if not message.deleted:
                yield message

    def last_id(self, channel_id: str) -> str | None:
        """The newest message anybody can see in a channel."""
        for message in reversed(self._channels.get(channel_id, [])):
            if not message.deleted and message.ephemeral_for is None:
                return message.id
        return None

    def clear(self) -> None:
        """Forget every message."""
        self._by_id.clear()
        self._channels.clear()

    def as_json(self, message: Message) -> Json:
        """The message object, with links that are fresh."""
        body: Json = {
            "id": message.id,
            "channel_id": message.channel_id,
            "type": message.type,
            "author": message.author,
            "content": message.content,
            "timestamp": iso(message.created_at),
            "edited_timestamp": None if message.edited_at is None else iso(message.edited_at),
            "tts": message.tts,
            "mention_everyone": bool(message.pings.get("everyone")),
            "mentions": message.mentions,
            "mention_roles": list(message.pings.get("roles", [])),
            "attachments": [self._attachments.as_json(one) for one in message.attachments],
            "embeds": self._embeds(message),
            "components": message.components,
            "flags": message.flags,
            "pinned": False,
        }
        if message.webhook_id is not None:
            body["webhook_id"] = message.webhook_id
        if message.application_id is not None:
            body["application_id"] = message.application_id
        if message.interaction_metadata is not None:
            body["interaction_metadata"] = message.interaction_metadata
        if message.nonce is not None:
            body["nonce"] = message.nonce
        if message.reply_to is not None:
            reference = {
                "type": 0,
                "channel_id": message.channel_id,
                "message_id": message.reply_to,
            }
            body["message_reference"] = reference
        return body

    def _embeds(self, message: Message) -> list[Json]:
        """The embeds, with links where they name a file of the message."""
        if message.flags & SUPPRESS_EMBEDS:
            return []
        links = {
            f"attachment://{one.filename}": self._attachments.link(one)
            for one in message.attachments
        }
        return [_with_links(embed, links) for embed in message.embeds]

    def for_control(self, message: Message) -> Json:
        """The message object and what only the stand-in knows of it."""
        return self.as_json(message) | {
            "ephemeral_for": message.ephemeral_for,
            "pings": message.pings,
            "interaction_id": message.interaction_id,
            "edits": message.edits,
            "deleted": message.deleted,
        }


def _with_links(embed: Json, links: dict[str, str]) -> Json:
    linked = dict(embed)
    for part in ("image", "thumbnail", "footer", "author"):
        if part in embed:
            linked[part] = {key: links.get(value, value) for key, value in embed[part].items()}
    return linked
