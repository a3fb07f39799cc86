"""What a session is told when it starts: READY, and each guild of its shard.

Shapes: https://docs.discord.com/developers/events/gateway-events#ready
"""

from discord_stand_in.backend import Backend
from discord_stand_in.gateway_protocol import Intent
from discord_stand_in.json_types import Json
from discord_stand_in.state.gateway_sessions import GatewaySession

_JOINED_AT = "2024-01-01T00:00:00.000000+00:00"
_EMPTY_LISTS = (
    *("presences", "stage_instances", "voice_states", "guild_scheduled_events"),
    "soundboard_sounds",
)


def ready(backend: Backend, session: GatewaySession, version: int) -> Json:
    """The data of READY; the guilds follow with GUILD_CREATE."""
    guild = backend.directory.guild
    account: Json = {"verified": True, "mfa_enabled": True, "email": None, "flags": 0}
    return {
        "v": version,
        "user": backend.bot_user() | account,
        "guilds": [{"id": guild.id, "unavailable": True}] if session.serves(guild.id) else [],
        "session_id": session.id,
        "session_type": "normal",
        "resume_gateway_url": backend.config.gateway_url,
        "shard": list(session.shard),
        "application": {"id": backend.application.id, "flags": backend.application_flags},
        "user_settings": {},
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": [],
        "_trace": ["stand-in"],
    }


def guild_create(backend: Backend, session: GatewaySession) -> Json:
    """The data of GUILD_CREATE: all members only with both privileged intents for them."""
    directory = backend.directory
    members = [backend.bot_member()]
    if Intent.GUILD_MEMBERS in session.intents and Intent.GUILD_PRESENCES in session.intents:
        members += [
            user.as_member() | {"user": user.as_json()} for user in directory.users.values()
        ]
    own = [one for one in directory.channels.values() if one.guild_id == directory.guild.id]
    return directory.guild.as_json() | {
        "joined_at": _JOINED_AT,
        "large": False,
        "unavailable": False,
        "member_count": len(directory.users) + 1,
        "members": members,
        "channels": [backend.channel_json(one) for one in own if not one.is_thread],
        "threads": [backend.channel_json(one) for one in own if one.is_thread],
        **{name: [] for name in _EMPTY_LISTS},
    }
