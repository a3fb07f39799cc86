"""Builds interactions as Discord sends them.

Shape: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from emulation.discord.backend import StandIn
from emulation.discord.json_types import Json
from emulation.discord.snowflakes import created_at
from emulation.discord.state.directory import APP_PERMISSIONS, Channel, User
from emulation.discord.state.interactions import Interaction, Kind
from emulation.discord.state.messages import Message

_GUILD_CONTEXT = 0
_BOT_DM_CONTEXT = 1


@dataclass(frozen=True)
class Sender:
    """Who acts, where, and in which language."""

    user: User
    channel: Channel
    locale: str


def member_json(user: User) -> Json:
    """A guild member as an interaction carries it."""
    return user.as_member() | {"user": user.as_json(), "permissions": user.permissions}


def integration_owners(standin: StandIn, channel: Channel) -> Json:
    """Who installed the application: `"0"` is the guild, or 0 in a DM with the bot."""
    return {"0": "0" if channel.is_dm else standin.world.guild.id}


def channel_json(standin: StandIn, channel: Channel, user: User) -> Json:
    """The partial channel as an interaction carries it."""
    body = standin.world.channel_json(channel, standin.messages.last_id(channel.id))
    if channel.is_dm:
        return body
    return body | {"permissions": user.permissions}


def new_token(interaction_id: str) -> str:
    """A token of the form of Discord's: opaque, long and safe in a URL."""
    opaque = f"interaction:{interaction_id}:{secrets.token_urlsafe(96)}"
    return base64.urlsafe_b64encode(opaque.encode()).decode().rstrip("=")


def merge(base: Any, over: Any) -> Any:
    """`over` laid on `base`: objects are merged, anything else replaces."""
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = merge(base.get(key), value) if key in base else value
        return merged
    return over


def envelope(standin: StandIn, sender: Sender, kind: Kind, interaction_id: str) -> Json:
    """Every field but `data` and `message`."""
    channel, user = sender.channel, sender.user
    body: Json = {
        "id": interaction_id,
        "application_id": standin.application.id,
        "type": int(kind),
        "token": new_token(interaction_id),
        "version": 1,
        "channel_id": channel.id,
        "channel": channel_json(standin, channel, user),
        "locale": sender.locale,
        "app_permissions": APP_PERMISSIONS,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": integration_owners(standin, channel),
        "context": _BOT_DM_CONTEXT if channel.is_dm else _GUILD_CONTEXT,
        "attachment_size_limit": standin.limits.attachment_bytes,
    }
    if channel.is_dm:
        return body | {"user": user.as_json()}
    guild = standin.world.guild
    return body | {
        "guild_id": guild.id,
        "guild": {"id": guild.id, "locale": guild.preferred_locale, "features": []},
        "guild_locale": guild.preferred_locale,
        "member": member_json(user),
    }


def register(
    standin: StandIn, payload: Json, sender: Sender, source: Message | None, raw: Json
) -> Interaction:
    """Keep a new interaction whose payload is complete.

    `raw` is laid over what is sent, and over nothing that the stand-in goes by.
    """
    made = created_at(payload["id"])
    interaction = Interaction(
        id=payload["id"],
        token=payload["token"],
        kind=Kind(payload["type"]),
        payload=payload,
        sent=merge(payload, raw),
        user_id=sender.user.id,
        channel_id=sender.channel.id,
        guild_id=sender.channel.guild_id,
        created_at=made,
        expires_at=made + standin.limits.token_seconds,
        source_message_id=None if source is None else source.id,
    )
    standin.interactions.add(interaction)
    return interaction


def metadata(interaction: Interaction) -> Json:
    """What a message says of the interaction that it answers."""
    payload = interaction.payload
    user = payload["member"]["user"] if "member" in payload else payload.get("user")
    body: Json = {
        "id": interaction.id,
        "type": int(interaction.kind),
        "user": user,
        "authorizing_integration_owners": payload.get("authorizing_integration_owners", {}),
    }
    if interaction.kind == Kind.COMMAND:
        body["name"] = payload["data"].get("name")
        body["command_type"] = payload["data"].get("type", 1)
    if interaction.source_message_id is not None:
        body["interacted_message_id"] = interaction.source_message_id
    return body
