"""The payload of an interaction as Discord sends it, without `data` and `message`.

Shape: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from emulation.discord.backend import Backend
from emulation.discord.json_types import Json
from emulation.discord.state.directory import APP_PERMISSIONS, Channel, User
from emulation.discord.state.interactions import Interaction, InteractionType

_GUILD_CONTEXT = 0
_BOT_DM_CONTEXT = 1


@dataclass(frozen=True)
class Actor:
    """The user who acts, the channel and the language."""

    user: User
    channel: Channel
    locale: str


def base_payload(
    backend: Backend, actor: Actor, interaction_type: InteractionType, interaction_id: str
) -> Json:
    """Every field but `data` and `message`."""
    channel, user, guild = actor.channel, actor.user, backend.directory.guild
    channel_json = backend.channel_json(channel)
    body: Json = {
        "id": interaction_id,
        "application_id": backend.application.id,
        "type": int(interaction_type),
        "token": _new_token(interaction_id),
        "version": 1,
        "channel_id": channel.id,
        "channel": channel_json,
        "locale": actor.locale,
        "app_permissions": APP_PERMISSIONS,
        "entitlements": [],
        "entitlement_sku_ids": [],
        # Who installed the application: the guild, or "0" in a DM with the bot.
        "authorizing_integration_owners": {"0": "0" if channel.is_dm else guild.id},
        "context": _BOT_DM_CONTEXT if channel.is_dm else _GUILD_CONTEXT,
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
