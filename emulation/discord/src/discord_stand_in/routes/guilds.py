"""The guild, as a bot sees it: channels, members, roles, webhooks, threads.

Contract: https://docs.discord.com/developers/resources/guild
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from discord_stand_in.backend import Backend
from discord_stand_in.config import API
from discord_stand_in.errors import UNKNOWN_MEMBER, UNKNOWN_ROLE, DiscordError
from discord_stand_in.json_types import Json
from discord_stand_in.routes.dependencies import BOT_ONLY, BackendDep, path_id, query_boolean
from discord_stand_in.routes.webhooks import webhook_json
from discord_stand_in.snowflakes import MAX_SNOWFLAKE
from discord_stand_in.state.channels import Channel
from discord_stand_in.state.directory import APP_PERMISSIONS, Guild
from discord_stand_in.validation.fields import Field, integer, model, snowflake, string

router = APIRouter(prefix=API, tags=["guilds"], dependencies=BOT_ONLY)

_GUILD = "/guilds/{guild_id}"
_PAGE = model({"limit": Field(integer(1, 1000)), "after": Field(snowflake)})
_GUILD_PAGE = model(
    {"limit": Field(integer(1, 200)), "before": Field(snowflake), "after": Field(snowflake)}
)
_SEARCH = model({"query": Field(string(1, 100), required=True), "limit": Field(integer(1, 1000))})


def _guild(backend: BackendDep, guild_id: str) -> Guild:
    """The guild of a path; raises UNKNOWN_GUILD (10004)."""
    return backend.directory.check_guild(path_id("guild_id", guild_id))


GuildDep = Annotated[Guild, Depends(_guild)]
OF_GUILD = [Depends(_guild)]
"""Dependencies of a route that needs to know only that the guild is there."""


def _channels(backend: Backend, guild: Guild, *, threads: bool) -> list[Channel]:
    channels = backend.directory.channels.values()
    return [one for one in channels if one.guild_id == guild.id and one.is_thread == threads]


def _members(backend: Backend) -> list[Json]:
    """Every member of the guild with its user, by id."""
    users = backend.directory.users.values()
    members = [user.as_member() | {"user": user.as_json()} for user in users]
    return sorted([*members, backend.bot_member()], key=lambda one: int(one["user"]["id"]))


def _counts(request: Request, backend: BackendDep) -> Json:
    if not query_boolean(request, "with_counts"):
        return {}
    names = ("approximate_member_count", "approximate_presence_count")
    return dict.fromkeys(names, len(_members(backend)))


@router.get("/users/@me/guilds")
async def list_guilds(request: Request, backend: BackendDep) -> JSONResponse:
    """The guilds that the bot is in, each with the number of its members if `with_counts`."""
    whole = backend.directory.guild.as_json()
    names = ("id", "name", "icon", "banner", "features")
    own = {"owner": False, "permissions": APP_PERMISSIONS}
    guild = {name: whole[name] for name in names} | own | _counts(request, backend)
    page, number = _GUILD_PAGE(dict(request.query_params)), int(whole["id"])
    is_before = number < int(page.get("before", MAX_SNOWFLAKE))
    return JSONResponse([guild] if is_before and number > int(page.get("after", 0)) else [])


@router.get("/users/@me/guilds/{guild_id}/member", dependencies=OF_GUILD)
async def get_own_member(backend: BackendDep) -> JSONResponse:
    """The bot as a member."""
    return JSONResponse(backend.bot_member())


@router.get(_GUILD)
async def get_guild(request: Request, backend: BackendDep, guild: GuildDep) -> JSONResponse:
    """The guild, with the number of its members if `with_counts`."""
    return JSONResponse(guild.as_json() | _counts(request, backend))


@router.get(_GUILD + "/channels")
async def list_channels(backend: BackendDep, guild: GuildDep) -> JSONResponse:
    """The guild's channels, without its threads."""
    own = _channels(backend, guild, threads=False)
    return JSONResponse([backend.channel_json(channel) for channel in own])


@router.get(_GUILD + "/threads/active")
async def list_active_threads(backend: BackendDep, guild: GuildDep) -> JSONResponse:
    """The guild's threads; the bot joined none."""
    threads = [backend.channel_json(one) for one in _channels(backend, guild, threads=True)]
    return JSONResponse({"threads": threads, "members": []})


@router.get(_GUILD + "/members", dependencies=OF_GUILD)
async def list_members(request: Request, backend: BackendDep) -> JSONResponse:
    """A page of members, by id; Discord asks for a privileged intent."""
    page = _PAGE(dict(request.query_params))
    after = int(page.get("after", 0))
    members = [one for one in _members(backend) if int(one["user"]["id"]) > after]
    return JSONResponse(members[: page.get("limit", 1)])


@router.get(_GUILD + "/members/search", dependencies=OF_GUILD)
async def search_members(request: Request, backend: BackendDep) -> JSONResponse:
    """Members whose name begins with a text."""
    search = _SEARCH(dict(request.query_params))
    prefix = search["query"].lower()
    found = [one for one in _members(backend) if _has_prefix(one["user"], prefix)]
    return JSONResponse(found[: search.get("limit", 1)])


def _has_prefix(user: Json, prefix: str) -> bool:
    names = (user["username"], user["global_name"] or "")
    return any(name.lower().startswith(prefix) for name in names)


@router.get(_GUILD + "/members/{user_id}", dependencies=OF_GUILD)
async def get_member(backend: BackendDep, user_id: str) -> JSONResponse:
    """A member; raises UNKNOWN_MEMBER (10007)."""
    wanted = path_id("user_id", user_id)
    for member in _members(backend):
        if member["user"]["id"] == wanted:
            return JSONResponse(member)
    raise DiscordError(UNKNOWN_MEMBER)


@router.get(_GUILD + "/roles")
async def list_roles(guild: GuildDep) -> JSONResponse:
    """The guild's roles."""
    return JSONResponse(list(guild.roles))


@router.get(_GUILD + "/roles/{role_id}")
async def get_role(guild: GuildDep, role_id: str) -> JSONResponse:
    """A role; raises UNKNOWN_ROLE (10011)."""
    wanted = path_id("role_id", role_id)
    for role in guild.roles:
        if role["id"] == wanted:
            return JSONResponse(role)
    raise DiscordError(UNKNOWN_ROLE)


@router.get(_GUILD + "/webhooks", dependencies=OF_GUILD)
async def list_guild_webhooks(backend: BackendDep) -> JSONResponse:
    """The webhooks of the guild's channels."""
    own = backend.directory.webhooks.values()
    return JSONResponse([webhook_json(backend, webhook) for webhook in own])


@router.get(_GUILD + "/emojis", dependencies=OF_GUILD)
@router.get(_GUILD + "/stickers", dependencies=OF_GUILD)
@router.get(_GUILD + "/invites", dependencies=OF_GUILD)
@router.get(_GUILD + "/scheduled-events", dependencies=OF_GUILD)
async def list_nothing() -> JSONResponse:
    """What the guild has none of."""
    return JSONResponse([])


@router.get("/soundboard-default-sounds")
async def list_default_sounds() -> JSONResponse:
    """The sound of Discord's documentation; a client of the Gateway asks for them as it starts.

    https://docs.discord.com/developers/resources/soundboard#list-default-soundboard-sounds
    """
    sound = {"name": "quack", "sound_id": "1", "volume": 1.0, "emoji_id": None, "emoji_name": "🦆"}
    return JSONResponse([sound | {"available": True}])
