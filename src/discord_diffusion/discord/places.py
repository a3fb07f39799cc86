"""Where an interaction comes from: its channel, its guild, and who installed the application.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from collections.abc import Mapping
from typing import Any

from discord_diffusion.access.guild_channels import GuildChannel
from discord_diffusion.discord.reading import mapping, text

GUILD_INSTALL = "0"
"""https://docs.discord.com/developers/resources/application#application-object-application-integration-types"""
_CATEGORY = 4
_THREADS = frozenset({10, 11, 12})
"""https://docs.discord.com/developers/resources/channel#channel-object-channel-types"""


def is_thread(channel: Mapping[str, Any]) -> bool:
    """Whether a partial channel is a thread, or a post of a forum."""
    return channel.get("type") in _THREADS or bool(channel.get("thread_metadata"))


def guild_channel(channel: Mapping[str, Any]) -> GuildChannel | None:
    """What a partial channel says of itself; None of a thread, or of what is in no guild."""
    channel_id = text(channel.get("id"))
    if not channel_id or is_thread(channel) or "nsfw" not in channel:
        return None
    return GuildChannel(
        channel_id,
        age_restricted=channel["nsfw"] is True,
        category_id=text(channel.get("parent_id")) or None,
        is_category=channel.get("type") == _CATEGORY,
    )


def is_guest(payload: Mapping[str, Any]) -> bool:
    """Whether the application is no part of the guild: a user brought it along.

    Its managers have not asked for it, so they have no settings and nothing is counted for them.
    """
    owners = mapping(payload.get("authorizing_integration_owners"))
    return bool(owners) and GUILD_INSTALL not in owners
