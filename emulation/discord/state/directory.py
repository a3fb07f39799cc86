"""The directory of users, the one guild, its channels and webhooks, read from a fixture.

Shapes: https://docs.discord.com/developers/resources/user, .../guild, .../channel
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from emulation.discord.errors import UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_USER, DiscordError
from emulation.discord.json_types import Json

DM = 1
THREADS = (10, 11, 12)
_GUILD_LEVELS = (
    "verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level",
    "nsfw_level", "premium_tier", "system_channel_flags",
)  # fmt: skip
MEMBER_PERMISSIONS = "2248473465835073"
APP_PERMISSIONS = "2251799813685247"


@dataclass(frozen=True)
class User:
    """A user, with the permissions and roles of a member of the guild."""

    id: str
    username: str
    global_name: str
    locale: str
    permissions: str = MEMBER_PERMISSIONS
    roles: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """The user object."""
        unset = ("avatar", "avatar_decoration_data", "collectibles", "primary_guild", "clan")
        return {
            "id": self.id,
            "username": self.username,
            "global_name": self.global_name,
            "discriminator": "0",
            "public_flags": 0,
        } | dict.fromkeys(unset)

    def as_member(self) -> Json:
        """The guild member object without its user."""
        unset = ("nick", "avatar", "banner", "premium_since", "communication_disabled_until")
        return {
            "roles": list(self.roles),
            "joined_at": "2024-01-01T00:00:00.000000+00:00",
            "pending": False,
            "flags": 0,
            "deaf": False,
            "mute": False,
            "unusual_dm_activity_until": None,
        } | dict.fromkeys(unset)


@dataclass(frozen=True)
class Guild:
    """A guild."""

    id: str
    name: str
    owner_id: str
    preferred_locale: str
    roles: tuple[Json, ...] = ()

    def as_json(self) -> Json:
        """The guild object, without the fields that no client here reads."""
        return {
            "id": self.id,
            "name": self.name,
            "icon": None,
            "owner_id": self.owner_id,
            "preferred_locale": self.preferred_locale,
            "features": [],
            "roles": list(self.roles),
            "emojis": [],
            "stickers": [],
            "afk_timeout": 300,
        } | dict.fromkeys(_GUILD_LEVELS, 0)


@dataclass(frozen=True)
class Channel:
    """A guild channel, a thread or a DM."""

    id: str
    type: int
    name: str | None = None
    topic: str | None = None
    nsfw: bool = False
    guild_id: str | None = None
    parent_id: str | None = None
    position: int = 0
    recipient_id: str | None = None

    @property
    def is_dm(self) -> bool:
        """Whether it is a direct message, outside the guild."""
        return self.type == DM

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread of another channel."""
        return self.type in THREADS


@dataclass(frozen=True)
class Webhook:
    """A webhook of a channel; the webhooks of interactions are not in the directory."""

    id: str
    channel_id: str
    name: str
    token: str = field(repr=False)


def _with_roles(entry: Json) -> Json:
    """A user or a guild of the fixture, its roles as a tuple."""
    return entry | {"roles": tuple(entry["roles"])}


class Directory:
    """Users, channels and webhooks by id, and the guild."""

    def __init__(self, path: Path) -> None:
        """Read a fixture.

        Raises:
            TypeError: an entry has an unknown field, or lacks one.
            KeyError: a section is missing.
        """
        raw: Json = json.loads(path.read_text("utf-8"))
        self.users = {user["id"]: User(**_with_roles(user)) for user in raw["users"]}
        self.guild = Guild(**_with_roles(raw["guild"]))
        self.channels = {channel["id"]: Channel(**channel) for channel in raw["channels"]}
        self.webhooks = {webhook["id"]: Webhook(**webhook) for webhook in raw["webhooks"]}
        self.default_user = next(iter(self.users.values()))
        self.default_channel = next(iter(self.channels.values()))

    def user(self, user_id: str) -> User:
        """A user by id; raises UNKNOWN_USER (10013)."""
        if user_id not in self.users:
            raise DiscordError(UNKNOWN_USER)
        return self.users[user_id]

    def user_or_new(self, user_id: str) -> User:
        """A user by id; an unknown id becomes a new user, because load tests need many."""
        if user_id not in self.users:
            name = f"user{user_id[-6:]}"
            self.users[user_id] = User(user_id, name, name.title(), "en-US")
        return self.users[user_id]

    def channel(self, channel_id: str) -> Channel:
        """A channel by id; raises UNKNOWN_CHANNEL (10003)."""
        if channel_id not in self.channels:
            raise DiscordError(UNKNOWN_CHANNEL)
        return self.channels[channel_id]

    def check_guild(self, guild_id: str) -> Guild:
        """The guild, if it has that id; raises UNKNOWN_GUILD (10004)."""
        if guild_id != self.guild.id:
            raise DiscordError(UNKNOWN_GUILD)
        return self.guild

    def dm_channel(self, user_id: str) -> Channel:
        """The DM between a user and the application, opened if there is none yet."""
        for channel in self.channels.values():
            if channel.recipient_id == user_id:
                return channel
        opened = Channel(id=str(int(user_id) + 1), type=DM, recipient_id=user_id)
        self.channels[opened.id] = opened
        return opened

    def channel_json(self, channel: Channel, last_message_id: str | None) -> Json:
        """The channel object."""
        common: Json = {
            "id": channel.id,
            "type": channel.type,
            "last_message_id": last_message_id,
            "flags": 0,
        }
        if channel.is_dm:
            recipient = self.user_or_new(channel.recipient_id or self.default_user.id)
            return common | {"recipients": [recipient.as_json()]}
        return common | {
            "name": channel.name,
            "topic": channel.topic,
            "nsfw": channel.nsfw,
            "guild_id": channel.guild_id,
            "parent_id": channel.parent_id,
            "position": channel.position,
            "rate_limit_per_user": 0,
            "permission_overwrites": [],
        }
