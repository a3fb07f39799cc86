"""Registering application commands, global and in a guild.

Contract: https://docs.discord.com/developers/interactions/application-commands#endpoints
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from emulation.discord import registering
from emulation.discord.backend import StandIn
from emulation.discord.errors import MISSING_ACCESS, DiscordError, InvalidFormError
from emulation.discord.json_types import Json
from emulation.discord.routes.dependencies import (
    API,
    BOT,
    StandInDep,
    answer,
    body_of,
    own_application,
    path_id,
    query_flag,
)
from emulation.discord.state.commands import Scope
from emulation.discord.validation.commands import command, commands
from emulation.discord.validation.fields import FieldError, fault, parse_form

router = APIRouter(prefix=API, tags=["commands"], dependencies=BOT)

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(standin: StandIn, application_id: str, guild_id: str | None) -> Scope:
    """Where commands are registered; 403 for another's application or an unknown guild."""
    own_application(standin, application_id)
    if guild_id is not None and path_id("guild_id", guild_id) != standin.world.guild.id:
        raise DiscordError(MISSING_ACCESS)
    return guild_id


def _shown(one: Json, localizations: bool) -> Json:
    if localizations:
        return one
    hidden = ("name_localizations", "description_localizations")
    return {key: value for key, value in one.items() if key not in hidden}


@router.get(_GLOBAL)
@router.get(_GUILD)
async def list_commands(
    request: Request, standin: StandInDep, application_id: str, guild_id: str | None = None
) -> JSONResponse:
    """Every command of a scope."""
    scope = _scope(standin, application_id, guild_id)
    localizations = query_flag(request, "with_localizations", False)
    return answer([_shown(one, localizations) for one in standin.commands.all(scope)])


@router.put(_GLOBAL)
@router.put(_GUILD)
async def overwrite_commands(
    request: Request, standin: StandInDep, application_id: str, guild_id: str | None = None
) -> JSONResponse:
    """Replace every command of a scope."""
    scope = _scope(standin, application_id, guild_id)
    body = await body_of(request, standin)
    definitions = parse_form(commands, body.payload)
    return answer(registering.replace_all(standin, scope, definitions))


@router.post(_GLOBAL)
@router.post(_GUILD)
async def create_command(
    request: Request, standin: StandInDep, application_id: str, guild_id: str | None = None
) -> JSONResponse:
    """Register a command: 201, or 200 in place of one of its name."""
    scope = _scope(standin, application_id, guild_id)
    body = await body_of(request, standin)
    made, is_new = registering.upsert(standin, scope, parse_form(command, body.payload))
    return answer(made, 201 if is_new else 200)


@router.get(_GLOBAL + "/{command_id}")
@router.get(_GUILD + "/{command_id}")
async def get_command(
    standin: StandInDep, application_id: str, command_id: str, guild_id: str | None = None
) -> JSONResponse:
    """One command."""
    scope = _scope(standin, application_id, guild_id)
    return answer(standin.commands.get(scope, path_id("command_id", command_id)))


@router.patch(_GLOBAL + "/{command_id}")
@router.patch(_GUILD + "/{command_id}")
async def edit_command(
    request: Request,
    standin: StandInDep,
    application_id: str,
    command_id: str,
    guild_id: str | None = None,
) -> JSONResponse:
    """Change some fields of a command."""
    scope = _scope(standin, application_id, guild_id)
    standin.commands.get(scope, path_id("command_id", command_id))
    body = await body_of(request, standin)
    try:
        if not isinstance(body.payload, dict):
            raise fault("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return answer(registering.edit(standin, scope, command_id, body.payload))
    except FieldError as error:
        raise InvalidFormError(error.tree) from error


@router.delete(_GLOBAL + "/{command_id}", status_code=204)
@router.delete(_GUILD + "/{command_id}", status_code=204)
async def delete_command(
    standin: StandInDep, application_id: str, command_id: str, guild_id: str | None = None
) -> Response:
    """Delete a command."""
    scope = _scope(standin, application_id, guild_id)
    registering.remove(standin, scope, path_id("command_id", command_id))
    return Response(status_code=204)
