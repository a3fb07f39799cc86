"""The small fixed world: users, one guild, its channels, a DM and a webhook.

Shapes: https://docs.discord.com/developers/resources/user, .../guild, .../channel
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from emulation.discord.errors import UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_USER, DiscordError
from emulation.discord.json_types import Json

DM = 1
THREADS = (10, 11, 12)
MEMBER_PERMISSIONS = "2248473465835073"
APP_PERMISSIONS = "2251799813685247"


@dataclass(frozen=True)
class User:
    """A person."""

    id: str
    username: str
    global_name: str
    locale: str
    permissions: str = MEMBER_PERMISSIONS
    roles: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """The user object."""
        return {
            "id": self.id,
            "username": self.username,
            "global_name": self.global_name,
            "discriminator": "0",
            "avatar": None,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
            "clan": None,
            "public_flags": 0,
        }

    def as_member(self) -> Json:
        """The guild member object without its user."""
        return {
            "roles": list(self.roles),
            "nick": None,
            "avatar": None,
            "banner": None,
            "premium_since": None,
            "joined_at": "2024-01-01T00:00:00.000000+00:00",
            "pending": False,
            "communication_disabled_until": None,
            "flags": 0,
            "deaf": False,
            "mute": False,
            "unusual_dm_activity_until": None,
        }


@dataclass(frozen=True)
class Guild:
    """A server."""

    id: str
    name: str
    owner_id: str
    preferred_locale: str
    roles: tuple[Json, ...] = ()

    def as_json(self) -> Json:
        """The guild object, its lesser fields left out."""
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
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_flags": 0,
        }


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
        """Whether there is no guild."""
        return self.type == DM

    @property
    def is_thread(self) -> bool:
        """Whether it hangs below another channel."""
        return self.type in THREADS


@dataclass(frozen=True)
class Webhook:
    """A webhook of a channel, apart from the webhooks that interactions are."""

    id: str
    channel_id: str
    name: str
    token: str = field(repr=False)


class World:
    """Everybody and every place, by id."""

    def __init__(
        self,
        users: list[User],
        guild: Guild,
        channels: list[Channel],
        webhooks: list[Webhook],
    ) -> None:
        self.users = {user.id: user for user in users}
        self.guild = guild
        self.channels = {channel.id: channel for channel in channels}
        self.webhooks = {webhook.id: webhook for webhook in webhooks}
        self.default_user = users[0]
        self.default_channel = channels[0]

    @classmethod
    def load(cls, path: Path) -> "World":
        """Read a world fixture; TypeError or KeyError names what does not fit."""
        raw: Json = json.loads(path.read_text("utf-8"))
        users = [User(**{**user, "roles": tuple(user["roles"])}) for user in raw["users"]]
        guild = Guild(**{**raw["guild"], "roles": tuple(raw["guild"]["roles"])})
        return cls(
            users,
            guild,
            [Channel(**channel) for channel in raw["channels"]],
            [Webhook(**webhook) for webhook in raw["webhooks"]],
        )

    def user(self, user_id: str) -> User:
        """A known user, or 10013."""
        if user_id not in self.users:
            raise DiscordError(UNKNOWN_USER)
        return self.users[user_id]

    def user_or_stranger(self, user_id: str) -> User:
        """A known user, or one made up for the id and remembered: load tests need many."""
        if user_id not in self.users:
            name = f"user{user_id[-6:]}"
            self.users[user_id] = User(user_id, name, name.title(), "en-US")
        return self.users[user_id]

    def channel(self, channel_id: str) -> Channel:
        """A known channel, or 10003."""
        if channel_id not in self.channels:
            raise DiscordError(UNKNOWN_CHANNEL)
        return self.channels[channel_id]

    def require_guild(self, guild_id: str) -> Guild:
        """The guild, or 10004."""
        if guild_id != self.guild.id:
            raise DiscordError(UNKNOWN_GUILD)
        return self.guild

    def dm_with(self, user_id: str) -> Channel:
        """The DM between a user and the application, opened if there is none."""
        for channel in self.channels.values():
            if channel.recipient_id == user_id:
                return channel
        opened = Channel(id=str(int(user_id) + 1), type=DM, recipient_id=user_id)
        self.channels[opened.id] = opened
        return opened

    def channel_json(self, channel: Channel, last_message_id: str | None) -> Json:
        """The channel object."""
        if channel.is_dm:
            recipient = self.user_or_stranger(channel.recipient_id or self.default_user.id)
            return {
                "id": channel.id,
                "type": channel.type,
                "last_message_id": last_message_id,
                "flags": 0,
                "recipients": [recipient.as_json()],
            }
        return {
            "id": channel.id,
            "type": channel.type,
            "name": channel.name,
            "topic": channel.topic,
            "nsfw": channel.nsfw,
            "guild_id": channel.guild_id,
            "parent_id": channel.parent_id,
            "position": channel.position,
            "rate_limit_per_user": 0,
            "permission_overwrites": [],
            "last_message_id": last_message_id,
            "flags": 0,
        }
