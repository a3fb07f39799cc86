"""What an identified client may send besides heartbeats.

Contract: https://docs.discord.com/developers/events/gateway-events#send-events
"""

from collections.abc import Callable
from typing import Any

from discord_stand_in.backend import Backend
from discord_stand_in.gateway.requests import (
    MembersRequest,
    Presence,
    SoundsRequest,
    VoiceState,
    parse,
)
from discord_stand_in.gateway_protocol import Intent, Opcode
from discord_stand_in.json_types import Json
from discord_stand_in.state.channels import ChannelType
from discord_stand_in.state.gateway_sessions import GatewaySession

_CHUNK = 1_000
"""Members of one GUILD_MEMBERS_CHUNK."""


def _update_presence(_backend: Backend, _session: GatewaySession, data: Any) -> None:
    """Check a presence: nobody here sees whether the bot is online."""
    parse(Presence, data)


def _update_voice_state(backend: Backend, session: GatewaySession, data: Any) -> None:
    """Join or leave a voice channel, as far as the text side shows it: there is no voice server."""
    request = parse(VoiceState, data)
    channel = backend.directory.channels.get(request.channel_id or "")
    if request.guild_id != backend.directory.guild.id:
        return
    if request.channel_id is not None and (channel is None or channel.type != ChannelType.VOICE):
        return
    state: Json = {
        "channel_id": request.channel_id,
        "user_id": backend.application.id,
        "member": backend.bot_member(),
        "session_id": session.id,
        "deaf": False,
        "mute": False,
        "self_deaf": request.self_deaf,
        "self_mute": request.self_mute,
        "self_video": False,
        "suppress": False,
        "request_to_speak_timestamp": None,
    }
    backend.dispatch("VOICE_STATE_UPDATE", state, request.guild_id)


def _send_members(backend: Backend, session: GatewaySession, data: Any) -> None:
    """Send the members that a client asks for; all of them only with the intent for them."""
    request = parse(MembersRequest, data)
    directory = backend.directory
    if request.guild_id != directory.guild.id:
        return
    members = [backend.bot_member()]
    members += [user.as_member() | {"user": user.as_json()} for user in directory.users.values()]
    extra: Json = {} if request.nonce is None else {"nonce": request.nonce}
    if request.user_ids is not None:
        ids = [request.user_ids] if isinstance(request.user_ids, str) else request.user_ids
        extra["not_found"] = sorted(set(ids) - {one["user"]["id"] for one in members})
        members = [one for one in members if one["user"]["id"] in ids]
    else:
        asks_for_all = not request.query and not request.limit
        if asks_for_all and Intent.GUILD_MEMBERS not in session.intents:
            return
        prefix = (request.query or "").lower()
        members = [one for one in members if one["user"]["username"].lower().startswith(prefix)]
        members = members[: request.limit or None]
    chunks = [members[start : start + _CHUNK] for start in range(0, len(members), _CHUNK)] or [[]]
    for number, chunk in enumerate(chunks):
        counts = {"chunk_index": number, "chunk_count": len(chunks)}
        content = {"guild_id": request.guild_id, "members": chunk, **counts, **extra}
        session.dispatch("GUILD_MEMBERS_CHUNK", content)


def _send_sounds(backend: Backend, session: GatewaySession, data: Any) -> None:
    """Send the soundboards of guilds, which have no sounds."""
    for guild_id in parse(SoundsRequest, data).guild_ids:
        if guild_id == backend.directory.guild.id:
            content: Json = {"guild_id": guild_id, "soundboard_sounds": []}
            session.dispatch("SOUNDBOARD_SOUNDS", content)


HANDLERS: dict[Opcode, Callable[[Backend, GatewaySession, Any], None]] = {
    Opcode.PRESENCE_UPDATE: _update_presence,
    Opcode.VOICE_STATE_UPDATE: _update_voice_state,
    Opcode.REQUEST_GUILD_MEMBERS: _send_members,
    Opcode.REQUEST_SOUNDBOARD_SOUNDS: _send_sounds,
}
