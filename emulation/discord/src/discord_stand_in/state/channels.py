"""Channels of every type, whole and as an interaction holds them.

Shapes: https://docs.discord.com/developers/resources/channel#channel-object, and
https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure
"""

from dataclasses import dataclass
from enum import IntEnum

from discord_stand_in.clock import iso
from discord_stand_in.json_types import Json
from discord_stand_in.snowflakes import created_at


class ChannelType(IntEnum):
    """The types of channel that the stand-in knows."""

    TEXT = 0
    DM = 1
    VOICE = 2
    GROUP_DM = 3
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15
    MEDIA = 16


PARENTS = {
    ChannelType.ANNOUNCEMENT_THREAD: (ChannelType.ANNOUNCEMENT,),
    ChannelType.PUBLIC_THREAD: (ChannelType.TEXT, ChannelType.FORUM, ChannelType.MEDIA),
    ChannelType.PRIVATE_THREAD: (ChannelType.TEXT,),
}
"""What a thread of each type is in; any other channel may be in a category."""
_WITHOUT_MESSAGES = (ChannelType.CATEGORY, ChannelType.FORUM, ChannelType.MEDIA)


@dataclass(frozen=True)
class Channel:
    """A guild channel, a thread, a DM with the application or a group DM."""

    id: str
    type: int
    name: str | None = None
    topic: str | None = None
    nsfw: bool = False
    guild_id: str | None = None
    parent_id: str | None = None
    position: int = 0
    recipient_id: str | None = None
    owner_id: str | None = None
    """Who started a thread."""
    recipient_ids: tuple[str, ...] = ()
    """The people of a group DM, the application not among them."""

    @property
    def is_dm(self) -> bool:
        """Whether it is outside the guild: a direct message, or a group's."""
        return self.type in (ChannelType.DM, ChannelType.GROUP_DM)

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread of another channel, or a post of a forum."""
        return self.type in PARENTS

    @property
    def has_messages(self) -> bool:
        """Whether people can write in it; not in a category, and in a forum only in its posts."""
        return self.type not in _WITHOUT_MESSAGES


def partial_json(channel: Channel, last_message_id: str | None) -> Json:
    """A guild channel as an interaction holds it; a thread does not say `nsfw`."""
    body: Json = {
        "id": channel.id,
        "type": channel.type,
        "name": channel.name,
        "guild_id": channel.guild_id,
        "parent_id": channel.parent_id,
        "flags": 0,
    }
    if channel.type != ChannelType.CATEGORY:
        body |= {"last_message_id": last_message_id, "rate_limit_per_user": 0}
    if channel.is_thread:
        return body | {"thread_metadata": _thread_metadata(channel)}
    if channel.type != ChannelType.CATEGORY:
        body["topic"] = channel.topic
    return body | {"nsfw": channel.nsfw, "position": channel.position}


def whole_json(channel: Channel, last_message_id: str | None) -> Json:
    """A guild channel as the API returns it."""
    body = partial_json(channel, last_message_id)
    if channel.is_thread:
        counts = dict.fromkeys(("message_count", "total_message_sent"), 0)
        return body | counts | {"owner_id": channel.owner_id, "member_count": 1}
    return body | {"permission_overwrites": []}


def _thread_metadata(channel: Channel) -> Json:
    created = iso(created_at(channel.id))
    return {
        "archived": False,
        "archive_timestamp": created,
        "auto_archive_duration": 4320,
        "locked": False,
        "create_timestamp": created,
    }
