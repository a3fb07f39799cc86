"""The directory of users, the one guild, its channels and webhooks, read from a fixture.

Shapes: https://docs.discord.com/developers/resources/user, .../guild, .../channel
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from discord_stand_in.errors import (
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_USER,
    ControlError,
    DiscordError,
)
from discord_stand_in.json_types import Json
from discord_stand_in.state.channels import PARENTS, Channel, ChannelType, partial_json, whole_json
from discord_stand_in.state.retention import Retention

_UNSET_OF_GUILD = (
    *("afk_channel_id", "application_id", "banner", "description", "discovery_splash", "icon"),
    *("icon_hash", "public_updates_channel_id", "rules_channel_id", "safety_alerts_channel_id"),
    *("splash", "system_channel_id", "vanity_url_code", "widget_channel_id", "incidents_data"),
)
_GUILD_LEVELS = (
    "verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level",
    "nsfw_level", "premium_tier", "system_channel_flags",
)  # fmt: skip
MEMBER_PERMISSIONS = "2248473465835073"
APP_PERMISSIONS = "2251799813685247"
"""Of the application in the guild."""


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
        """The guild object."""
        return {
            "id": self.id,
            "name": self.name,
            "owner_id": self.owner_id,
            "preferred_locale": self.preferred_locale,
            "features": [],
            "roles": list(self.roles),
            "emojis": [],
            "stickers": [],
            "afk_timeout": 300,
            "widget_enabled": False,
            "premium_progress_bar_enabled": False,
            "premium_subscription_count": 0,
            "max_members": 500_000,
            "max_presences": None,
            "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50,
            **dict.fromkeys(_UNSET_OF_GUILD),
            **dict.fromkeys(_GUILD_LEVELS, 0),
        }


def role_json(role: Json) -> Json:
    """A role object, from what differs between roles.

    https://docs.discord.com/developers/topics/permissions#role-object
    """
    colors = {"primary_color": role["color"], "secondary_color": None, "tertiary_color": None}
    plain: Json = {"hoist": False, "managed": False, "icon": None, "unicode_emoji": None}
    return plain | {"flags": 0, "colors": colors} | role


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


def _new_user(user_id: str) -> User:
    """A member whom only an id is known of."""
    name = f"user{user_id[-6:]}"
    return User(user_id, name, name.title(), "en-US")


class Directory:
    """Users, channels and webhooks by id, and the guild."""

    def __init__(self, path: Path, retention: Retention) -> None:
        """Read a fixture; `retention` is that of users who are in none.

        Raises:
            TypeError: an entry has an unknown field, or lacks one.
            KeyError: a section is missing.
        """
        raw: Json = json.loads(path.read_text("utf-8"))
        self.users = {user["id"]: User(**_with_roles(user)) for user in raw["users"]}
        self.guild = Guild(**_with_roles(raw["guild"]))
        self.guild = replace(self.guild, roles=tuple(map(role_json, self.guild.roles)))
        self.channels = {channel["id"]: Channel(**channel) for channel in raw["channels"]}
        self.webhooks = {webhook["id"]: Webhook(**webhook) for webhook in raw["webhooks"]}
        self.trimmed: set[str] = set()
        """The ids of the channels whose oldest messages are no longer kept."""
        self._retention = retention
        self._made: dict[str, float] = {}
        """When each user last acted who was made here, in Unix seconds; the last one is last."""
        self.default_user = next(iter(self.users.values()))
        self.default_channel = next(iter(self.channels.values()))

    def user(self, user_id: str) -> User:
        """A user by id; raises UNKNOWN_USER (10013)."""
        if user_id not in self.users:
            raise DiscordError(UNKNOWN_USER)
        return self.users[user_id]

    def user_or_new(self, user_id: str) -> User:
        """A user by id; an unknown id becomes a new user, because load tests need many.

        Those of them who have not acted for the longest time are forgotten, with their DMs.
        """
        if user_id not in self.users:
            self.users[user_id] = _new_user(user_id)
            self._made[user_id] = 0.0
        if user_id in self._made:
            del self._made[user_id]
            self._made[user_id] = self._retention.clock.now()
            while self._retention.is_over(len(self._made), next(iter(self._made.values()))):
                self._forget_user(next(iter(self._made)))
        return self.users[user_id]

    def _forget_user(self, user_id: str) -> None:
        del self._made[user_id], self.users[user_id]
        for channel_id in [one.id for one in self.channels.values() if one.recipient_id == user_id]:
            self._drop_channel(channel_id)

    def _drop_channel(self, channel_id: str) -> Channel:
        self.trimmed.discard(channel_id)
        return self.channels.pop(channel_id)

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
            if channel.type == ChannelType.DM and channel.recipient_id == user_id:
                return channel
        opened = Channel(str(int(user_id) + 1), ChannelType.DM, recipient_id=user_id)
        self.channels[opened.id] = opened
        return opened

    def add_channel(self, channel: Channel) -> None:
        """Add a channel to the guild, or a group DM.

        Raises:
            ControlError: its parent is of the wrong type, or there is none.
        """
        kind = ChannelType(channel.type)
        parent = self.channels.get(channel.parent_id or "")
        allowed = PARENTS.get(kind, (ChannelType.CATEGORY,))
        if channel.parent_id is not None and (parent is None or parent.type not in allowed):
            names = " or ".join(one.name.lower() for one in allowed)
            raise ControlError(f"parent_id: it has to be a channel of type {names}.")
        if channel.is_thread and parent is None:
            raise ControlError("parent_id: a thread is in another channel.")
        self.channels[channel.id] = channel

    def delete_channel(self, channel_id: str) -> None:
        """Delete a channel, its threads and webhooks; channels of a category stay, without one."""
        deleted = self._drop_channel(channel_id)
        own = [one.id for one in self.webhooks.values() if one.channel_id == deleted.id]
        for webhook_id in own:
            del self.webhooks[webhook_id]
        for channel in [one for one in self.channels.values() if one.parent_id == deleted.id]:
            if channel.is_thread:
                self._drop_channel(channel.id)
            else:
                self.channels[channel.id] = replace(channel, parent_id=None)

    def set_roles(self, roles: tuple[Json, ...]) -> None:
        """Replace the guild's roles; members lose those that are gone."""
        self.guild = replace(self.guild, roles=roles)
        known = {role["id"] for role in roles}
        for user in list(self.users.values()):
            kept = tuple(role for role in user.roles if role in known)
            self.users[user.id] = replace(user, roles=kept)
        self.default_user = self.users[self.default_user.id]

    def give_role(self, user_id: str, role_id: str) -> None:
        """Give a role to a user, who is new if the id is unknown."""
        user = self.user_or_new(user_id)
        self._made.pop(user_id, None)
        self.users[user_id] = replace(user, roles=(*user.roles, role_id))
        self.default_user = self.users[self.default_user.id]

    def channel_json(self, channel: Channel, last_message_id: str | None) -> Json:
        """The channel object as the API returns it."""
        if not channel.is_dm:
            return whole_json(channel, last_message_id)
        return self._dm_json(channel, last_message_id)

    def partial_channel_json(self, channel: Channel, last_message_id: str | None) -> Json:
        """The partial channel object that an interaction holds."""
        if not channel.is_dm:
            return partial_json(channel, last_message_id)
        return self._dm_json(channel, last_message_id)

    def _dm_json(self, channel: Channel, last_message_id: str | None) -> Json:
        ids = channel.recipient_ids or (channel.recipient_id or self.default_user.id,)
        body: Json = {
            "id": channel.id,
            "type": channel.type,
            "last_message_id": last_message_id,
            "flags": 0,
            "recipients": [
                (self.users.get(user_id) or _new_user(user_id)).as_json() for user_id in ids
            ],
        }
        if channel.type == ChannelType.GROUP_DM:
            body |= {"name": channel.name, "icon": None, "owner_id": ids[0]}
        return body
