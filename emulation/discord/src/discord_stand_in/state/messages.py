"""Messages, with every version that they have had.

Shape: https://docs.discord.com/developers/resources/message#message-object
"""

import json
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from discord_stand_in.clock import iso
from discord_stand_in.component_tree import FILE, media, texts, walk
from discord_stand_in.errors import UNKNOWN_MESSAGE, DiscordError
from discord_stand_in.json_types import Json
from discord_stand_in.state.attachments import Attachment, AttachmentStore, safe_filename
from discord_stand_in.state.retention import Retention

SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
IS_COMPONENTS_V2 = 1 << 15

REFERENCE = "attachment://"
"""Begins the address of a file of the same message."""

DEFAULT = 0
REPLY = 19
CHAT_INPUT_COMMAND = 20
CONTEXT_MENU_COMMAND = 23

_MAX_VERSIONS = 200
"""Versions of a message that are kept."""


@dataclass
class Message:
    """A message as it is now; times are in Unix seconds."""

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
    """Who is notified: `everyone` (bool), `users` and `roles` (ids)."""
    mentions: list[Json] = field(default_factory=list)
    webhook_id: str | None = None
    application_id: str | None = None
    interaction_id: str | None = None
    interaction_metadata: Json | None = None
    ephemeral_for: str | None = None
    """The only user who can see it; None if everybody in the channel can."""
    reply_to: str | None = None
    """The id of the message that it replies to."""
    versions: deque[bytes] = field(default_factory=lambda: deque(maxlen=_MAX_VERSIONS), repr=False)
    """Its newest versions, oldest first, as compressed JSON: that takes the least memory."""
    edits: int = -1
    """How often it was edited; -1: it has no version yet."""
    file_ids: list[str] = field(default_factory=list)
    """The ids of all files that it has had."""
    used_at: float | None = None
    """When somebody last acted on it."""
    deleted: bool = False
    pinned_at: float | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    """The ids of the users who reacted, by emoji, in the order of their reactions."""

    @property
    def is_v2(self) -> bool:
        """Whether it consists of components alone, which it does for ever."""
        return bool(self.flags & IS_COMPONENTS_V2)

    @property
    def text(self) -> str:
        """What is written in it: its content, or that of its text displays."""
        return "\n".join([self.content, *texts(self.components)]) if self.is_v2 else self.content

    def referenced_file(self, address: str) -> Attachment | None:
        """The file of the message that an address in its components or embeds names."""
        name = safe_filename(address.removeprefix(REFERENCE))
        if not address.startswith(REFERENCE):
            return None
        return next((file for file in self.attachments if file.filename == name), None)

    @property
    def history(self) -> list[Json]:
        """Its newest versions as message objects, oldest first."""
        return [json.loads(zlib.decompress(version)) for version in self.versions]


class MessageStore:
    """The newest messages, by channel in the order in which they were made.

    The files of a message are forgotten with it. Pinned messages are not forgotten. `forget` is
    called with each message that is.
    """

    def __init__(
        self,
        attachments: AttachmentStore,
        bot_id: str,
        retention: Retention,
        forget: Callable[[Message], None],
    ) -> None:
        self._attachments = attachments
        self._bot_id = bot_id
        self._retention = retention
        self._forget = forget
        self._by_id: dict[str, Message] = {}
        """In the order in which they were made, or last used."""
        self._channels: dict[str, dict[str, Message]] = {}

    def add(self, message: Message) -> Message:
        """Keep a new message with its first version."""
        self._by_id[message.id] = message
        self._channels.setdefault(message.channel_id, {})[message.id] = message
        self.add_version(message)
        while (oldest := self._oldest_unpinned()) and self._is_over(oldest):
            self._remove(oldest)
        return message

    def use(self, message: Message) -> None:
        """Keep a message as if it were made now, because an interaction begins at it."""
        message.used_at = self._retention.clock.now()
        self._by_id[message.id] = self._by_id.pop(message.id)

    def _oldest_unpinned(self) -> Message | None:
        return next((one for one in self._by_id.values() if one.pinned_at is None), None)

    def _is_over(self, message: Message) -> bool:
        return self._retention.is_over(len(self._by_id), message.used_at or message.created_at)

    def _remove(self, message: Message) -> None:
        del self._by_id[message.id]
        of_channel = self._channels[message.channel_id]
        del of_channel[message.id]
        if not of_channel:
            del self._channels[message.channel_id]
        self._attachments.forget(message.file_ids)
        self._forget(message)

    def add_version(self, message: Message) -> None:
        """Add the message as it is now to its history."""
        message.versions.append(zlib.compress(json.dumps(self.as_json(message)).encode()))
        message.edits += 1

    def get(self, message_id: str | None) -> Message:
        """A message that was not deleted; raises UNKNOWN_MESSAGE (10008)."""
        message = self._by_id.get(message_id or "")
        if message is None or message.deleted:
            raise DiscordError(UNKNOWN_MESSAGE)
        return message

    def find(self, message_id: str | None) -> Message | None:
        """A message, deleted or not."""
        return self._by_id.get(message_id or "")

    def in_channel(self, channel_id: str) -> Iterator[Message]:
        """The messages of a channel that were not deleted, oldest first."""
        for message in self._channels.get(channel_id, {}).values():
            if not message.deleted:
                yield message

    def last_id(self, channel_id: str) -> str | None:
        """The id of the newest message that everybody in a channel can see."""
        for message in reversed(self._channels.get(channel_id, {}).values()):
            if not message.deleted and message.ephemeral_for is None:
                return message.id
        return None

    def as_json(self, message: Message) -> Json:
        """The message object, with fresh links to its files."""
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
            "attachments": self._shown_by_themselves(message),
            "embeds": self._embeds(message),
            "components": self._components(message),
            "flags": message.flags,
            "pinned": message.pinned_at is not None,
        }
        if message.reactions:
            body["reactions"] = [self._reaction(*one) for one in message.reactions.items()]
        for name in ("webhook_id", "application_id", "interaction_metadata", "nonce"):
            value = getattr(message, name)
            if value is not None:
                body[name] = value
        if message.reply_to is not None:
            reference = {"channel_id": message.channel_id, "message_id": message.reply_to}
            body["message_reference"] = {"type": 0} | reference
        return body

    def _reaction(self, emoji: str, user_ids: list[str]) -> Json:
        """https://docs.discord.com/developers/resources/message#reaction-object"""
        return {
            "count": len(user_ids),
            "count_details": {"burst": 0, "normal": len(user_ids)},
            "me": self._bot_id in user_ids,
            "me_burst": False,
            "emoji": emoji_json(emoji),
            "burst_colors": [],
        }

    def _shown_by_themselves(self, message: Message) -> list[Json]:
        """The files that neither components nor embeds show.

        https://docs.discord.com/developers/resources/message#message-object
        """
        addresses = [item["url"] for _, item in media(message.components)]
        for embed in message.embeds:
            addresses += [part["url"] for part in embed.values() if _is_linked(part)]
        shown = {file.id for address in addresses if (file := message.referenced_file(address))}
        files = [file for file in message.attachments if file.id not in shown]
        return [self._attachments.as_json(file) for file in files]

    def _components(self, message: Message) -> list[Json]:
        """The components, with what Discord adds to media items, and a link to each file.

        https://docs.discord.com/developers/components/reference#unfurled-media-item
        """
        components = deepcopy(message.components)
        for _, item in media(components):
            file = message.referenced_file(item["url"])
            if file is None:
                item["proxy_url"] = item["url"]
                continue
            known = self._attachments.as_json(file)
            names = ("url", "proxy_url", "width", "height", "content_type", "placeholder_version")
            item.update({name: known[name] for name in names if name in known})
            item.update({"attachment_id": file.id, "flags": 0})
        for _, component in walk(components):
            if component["type"] == FILE and (item := component["file"]).get("attachment_id"):
                file = next(one for one in message.attachments if one.id == item["attachment_id"])
                component.update({"name": file.filename, "size": file.size})
        return components

    def _embeds(self, message: Message) -> list[Json]:
        """The embeds, with a link wherever one names a file of the message."""
        if message.flags & SUPPRESS_EMBEDS:
            return []
        links = {
            f"{REFERENCE}{file.filename}": self._attachments.link(file)
            for file in message.attachments
        }
        return [_with_links(embed, links) for embed in message.embeds]

    def control_json(self, message: Message) -> Json:
        """The message object with the fields that only the control API has."""
        return self.as_json(message) | {
            "ephemeral_for": message.ephemeral_for,
            "pings": message.pings,
            "interaction_id": message.interaction_id,
            "edits": message.edits,
            "deleted": message.deleted,
        }


def emoji_json(emoji: str) -> Json:
    """The partial emoji object of an emoji of Unicode."""
    return {"id": None, "name": emoji}


def _with_links(embed: Json, links: dict[str, str]) -> Json:
    linked = dict(embed)
    for part in ("image", "thumbnail", "footer", "author"):
        if part in embed:
            linked[part] = {key: links.get(value, value) for key, value in embed[part].items()}
    return linked


def _is_linked(part: object) -> bool:
    return isinstance(part, dict) and "url" in part
