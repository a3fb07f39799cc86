"""Registering application commands, global and in a guild.

Contract: https://docs.discord.com/developers/interactions/application-commands#endpoints
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from discord_stand_in.backend import Backend
from discord_stand_in.config import API
from discord_stand_in.errors import (
    BOTS_CANNOT,
    MISSING_ACCESS,
    NOT_YOUR_APPLICATION,
    UNKNOWN_COMMAND_PERMISSIONS,
    DiscordError,
)
from discord_stand_in.json_types import Json
from discord_stand_in.routes.dependencies import (
    BOT_ONLY,
    BackendDep,
    JsonBody,
    path_id,
    query_boolean,
)
from discord_stand_in.state.commands import Scope, is_same_definition
from discord_stand_in.validation import commands as parsers
from discord_stand_in.validation.fields import require_object

router = APIRouter(prefix=API, tags=["commands"], dependencies=BOT_ONLY)

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
_LOCALIZATIONS = ("name_localizations", "description_localizations")
_EDITABLE_FIELDS = (
    *("name", "name_localizations", "description", "description_localizations", "options"),
    *("default_member_permissions", "dm_permission", "contexts", "integration_types", "nsfw"),
)


def of_own_application(backend: BackendDep, application_id: str) -> None:
    """403 for the application of another."""
    if path_id("application_id", application_id) != backend.application.id:
        raise DiscordError(NOT_YOUR_APPLICATION)


def _scope(backend: BackendDep, application_id: str, guild_id: str | None = None) -> Scope:
    """The scope of a path; 403 for another's application or an unknown guild."""
    of_own_application(backend, application_id)
    if guild_id is not None and path_id("guild_id", guild_id) != backend.directory.guild.id:
        raise DiscordError(MISSING_ACCESS)
    return guild_id


ScopeDep = Annotated[Scope, Depends(_scope)]


def _command(backend: BackendDep, scope: ScopeDep, command_id: str) -> Json:
    """The command of a path; raises UNKNOWN_COMMAND (10063)."""
    return backend.commands.get(scope, path_id("command_id", command_id))


CommandDep = Annotated[Json, Depends(_command)]


@router.get(_GLOBAL)
@router.get(_GUILD)
async def list_commands(request: Request, backend: BackendDep, scope: ScopeDep) -> JSONResponse:
    """Every command of a scope."""
    hidden = () if query_boolean(request, "with_localizations") else _LOCALIZATIONS
    return JSONResponse(
        [
            {key: value for key, value in command.items() if key not in hidden}
            for command in backend.commands.all(scope)
        ]
    )


@router.put(_GLOBAL)
@router.put(_GUILD)
async def overwrite_commands(backend: BackendDep, scope: ScopeDep, body: JsonBody) -> JSONResponse:
    """Replace every command of a scope; a command that keeps its name keeps its id."""
    commands = [_build(backend, scope, definition) for definition in parsers.commands(body)]
    backend.commands.replace_all(scope, commands)
    _publish(backend)
    return JSONResponse(backend.commands.all(scope))


@router.post(_GLOBAL)
@router.post(_GUILD)
async def create_command(backend: BackendDep, scope: ScopeDep, body: JsonBody) -> JSONResponse:
    """Register a command: 201, or 200 if it replaces one of its name."""
    command = _build(backend, scope, parsers.command(body))
    is_new = command["id"] not in [existing["id"] for existing in backend.commands.all(scope)]
    backend.commands.put(scope, command)
    _publish(backend)
    return JSONResponse(command, 201 if is_new else 200)


@router.get(_GUILD + "/permissions", dependencies=[Depends(_scope)])
async def list_permissions() -> JSONResponse:
    """The permissions of the guild's commands: nobody has changed any."""
    return JSONResponse([])


@router.get(_GUILD + "/{command_id}/permissions", dependencies=[Depends(_scope)])
async def get_permissions() -> JSONResponse:
    """The permissions of a command, which nobody has changed."""
    raise DiscordError(UNKNOWN_COMMAND_PERMISSIONS)


@router.put(_GUILD + "/{command_id}/permissions", dependencies=[Depends(_scope)])
async def edit_permissions() -> JSONResponse:
    """Only users change permissions, with a token of theirs."""
    raise DiscordError(BOTS_CANNOT)


@router.get(_GLOBAL + "/{command_id}")
@router.get(_GUILD + "/{command_id}")
async def get_command(command: CommandDep) -> JSONResponse:
    """One command."""
    return JSONResponse(command)


@router.patch(_GLOBAL + "/{command_id}")
@router.patch(_GUILD + "/{command_id}")
async def edit_command(
    backend: BackendDep, scope: ScopeDep, before: CommandDep, body: JsonBody
) -> JSONResponse:
    """Change some fields of a command; the result is checked like a new command."""
    changes = require_object(body)
    edited = {name: changes[name] for name in _EDITABLE_FIELDS if name in changes}
    definition = parsers.command(before | edited)
    other = backend.commands.find_by_name(scope, definition["name"], before["type"])
    if other is not None and other["id"] != before["id"]:
        raise parsers.duplicate_name().at("name")
    command = _complete(backend, scope, definition, before["id"])
    if is_same_definition(command, before):
        return JSONResponse(before)
    backend.commands.put(scope, command)
    _publish(backend)
    return JSONResponse(command)


@router.delete(_GLOBAL + "/{command_id}", status_code=204)
@router.delete(_GUILD + "/{command_id}", status_code=204)
async def delete_command(backend: BackendDep, scope: ScopeDep, command: CommandDep) -> Response:
    """Delete a command."""
    backend.commands.delete(scope, command["id"])
    _publish(backend)
    return Response(status_code=204)


def _build(backend: Backend, scope: Scope, definition: Json) -> Json:
    """The command of a definition; a command of its name and type keeps its id."""
    before = backend.commands.find_by_name(scope, definition["name"], definition["type"])
    if before is None:
        return _complete(backend, scope, definition, backend.snowflakes.next())
    command = _complete(backend, scope, definition, before["id"])
    return before if is_same_definition(command, before) else command


def _complete(backend: Backend, scope: Scope, definition: Json, command_id: str) -> Json:
    """A definition with its defaults and the fields that Discord fills in."""
    command: Json = {
        "id": command_id,
        "application_id": backend.application.id,
        "version": backend.snowflakes.next(),
        "name_localizations": None,
        "description_localizations": None,
        "default_member_permissions": None,
        "dm_permission": True,
        "nsfw": False,
    } | definition
    if definition["type"] == parsers.CHAT_INPUT:
        command.setdefault("options", [])
    else:
        command.pop("options", None)
    if scope is None:
        command["contexts"] = definition.get("contexts")
        command["integration_types"] = definition.get("integration_types") or [0]
    else:
        # A guild's command can be used in that guild only: neither field means anything there.
        command.pop("contexts", None)
        command.pop("integration_types", None)
        command["guild_id"] = scope
    return command


def _publish(backend: Backend) -> None:
    """Show the pages the commands as they are now."""
    backend.events.publish("commands", {"commands": backend.commands.as_json()})
