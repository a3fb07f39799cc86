"""The payload of an interaction as Discord sends it, without `data` and `message`.

Shape: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from discord_stand_in.backend import Backend
from discord_stand_in.json_types import Json
from discord_stand_in.state.channels import Channel, ChannelType
from discord_stand_in.state.directory import APP_PERMISSIONS, User
from discord_stand_in.state.interactions import Interaction, InteractionType

_CONTEXTS = {ChannelType.DM: 1, ChannelType.GROUP_DM: 2}
"""https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-context-types"""
_OF_OTHERS = 1 << 15 | 1 << 14 | 1 << 17
_IN_BOT_DM = _OF_OTHERS | 1 << 18
"""What the application may do where it is no member: attach files, embed links, mention everyone;
with its own user also use emojis of elsewhere."""
USE_EXTERNAL_APPS = 1 << 50
"""https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags"""


@dataclass(frozen=True)
class Actor:
    """The user who acts, the channel, the language, and who installed the application.

    `owners`: the guild and the user who installed it, by installation context.
    """

    user: User
    channel: Channel
    locale: str
    owners: Json

    @property
    def context(self) -> int:
        """Where the user acts: in a guild, in a DM with the application, in a group DM."""
        return _CONTEXTS.get(ChannelType(self.channel.type), 0)

    @property
    def app_permissions(self) -> str:
        """What the application may do there."""
        if self.context == 1:
            return str(_IN_BOT_DM)
        return APP_PERMISSIONS if "0" in self.owners else str(_OF_OTHERS)


def base_payload(
    backend: Backend, actor: Actor, interaction_type: InteractionType, interaction_id: str
) -> Json:
    """Every field but `data` and `message`."""
    channel, user, guild = actor.channel, actor.user, backend.directory.guild
    entitlements = backend.entitlements.active(user.id, channel.guild_id)
    channel_json = backend.partial_channel_json(channel)
    body: Json = {
        "id": interaction_id,
        "application_id": backend.application.id,
        "type": int(interaction_type),
        "token": _new_token(interaction_id),
        "version": 1,
        "channel_id": channel.id,
        "channel": channel_json,
        "locale": actor.locale,
        "app_permissions": actor.app_permissions,
        "entitlements": [one.as_json(backend.application.id) for one in entitlements],
        "entitlement_sku_ids": [one.sku_id for one in entitlements],
        "authorizing_integration_owners": actor.owners,
        "context": actor.context,
        "attachment_size_limit": backend.limits.attachment_bytes,
    }
    if channel.is_dm:
        return body | {"user": user.as_json()}
    permissions = {"permissions": user.permissions}
    return body | {
        "channel": channel_json | permissions,
        "guild_id": guild.id,
        "guild": {"id": guild.id, "locale": guild.preferred_locale, "features": []},
        "guild_locale": guild.preferred_locale,
        "member": user.as_member() | {"user": user.as_json()} | permissions,
    }


def _new_token(interaction_id: str) -> str:
    """A token of the form of Discord's: opaque, long and safe in a URL."""
    opaque = f"interaction:{interaction_id}:{secrets.token_urlsafe(96)}"
    return base64.urlsafe_b64encode(opaque.encode()).decode().rstrip("=")


def is_forced_to_be_ephemeral(interaction: Interaction) -> bool:
    """Whether only the user sees the responses: the application is a guest that may not speak."""
    payload = interaction.payload
    is_guest = "guild_id" in payload and "0" not in payload["authorizing_integration_owners"]
    return is_guest and not int(payload["member"]["permissions"]) & USE_EXTERNAL_APPS


def merge(base: Any, changes: Any) -> Any:
    """`base` with `changes`: objects are merged, anything else is replaced."""
    if isinstance(base, dict) and isinstance(changes, dict):
        merged = dict(base)
        for key, value in changes.items():
            merged[key] = merge(base.get(key), value) if key in base else value
        return merged
    return changes


def interaction_metadata(interaction: Interaction) -> Json:
    """The `interaction_metadata` of a message that responds to an interaction."""
    payload = interaction.payload
    body: Json = {
        "id": interaction.id,
        "type": int(interaction.type),
        "user": payload["member"]["user"] if "member" in payload else payload.get("user"),
        "authorizing_integration_owners": payload.get("authorizing_integration_owners", {}),
    }
    if interaction.type == InteractionType.COMMAND:
        body["name"] = payload["data"].get("name")
        body["command_type"] = payload["data"].get("type", 1)
    if interaction.source_message_id is not None:
        body["interacted_message_id"] = interaction.source_message_id
    return body
