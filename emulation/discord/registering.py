"""Turns checked definitions into registered commands.

Contract: https://docs.discord.com/developers/interactions/application-commands#endpoints
"""

from emulation.discord.backend import StandIn
from emulation.discord.json_types import Json
from emulation.discord.state.commands import Scope, check_count, same_definition
from emulation.discord.validation.commands import command as parse_command
from emulation.discord.validation.commands import duplicate_name
from emulation.discord.validation.fields import FieldError

_EDITABLE = (
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "contexts",
    "integration_types",
    "nsfw",
)


def replace_all(standin: StandIn, scope: Scope, definitions: list[Json]) -> list[Json]:
    """Bulk overwrite: commands that are not named are deleted, known names keep their ids."""
    built = [_build(standin, scope, definition) for definition in definitions]
    check_count([command for command, _ in built])
    standin.commands.count_creates(scope, sum(is_new for _, is_new in built))
    standin.commands.replace(scope, [command for command, _ in built])
    _tell(standin)
    return standin.commands.all(scope)


def upsert(standin: StandIn, scope: Scope, definition: Json) -> tuple[Json, bool]:
    """Register a command, in place of one of its name; the command and whether it is new."""
    command, is_new = _build(standin, scope, definition)
    if is_new:
        check_count([*standin.commands.all(scope), command])
        standin.commands.count_creates(scope, 1)
    standin.commands.put(scope, command)
    _tell(standin)
    return command, is_new


def edit(standin: StandIn, scope: Scope, command_id: str, changes: Json) -> Json:
    """Change some fields of a command; FieldError if the result is not a valid one."""
    before = standin.commands.get(scope, command_id)
    wanted = {name: changes[name] for name in _EDITABLE if name in changes}
    definition = parse_command(before | wanted)
    other = standin.commands.named(scope, definition["name"], before["type"])
    if other is not None and other["id"] != command_id:
        raise FieldError({"name": duplicate_name().tree})
    command = _complete(standin, scope, definition, command_id)
    if same_definition(command, before):
        return before
    standin.commands.put(scope, command)
    _tell(standin)
    return command


def remove(standin: StandIn, scope: Scope, command_id: str) -> None:
    """Delete a command."""
    standin.commands.remove(scope, command_id)
    _tell(standin)


def _build(standin: StandIn, scope: Scope, definition: Json) -> tuple[Json, bool]:
    known = standin.commands.named(scope, definition["name"], definition["type"])
    if known is None:
        return _complete(standin, scope, definition, standin.snowflakes.next()), True
    command = _complete(standin, scope, definition, known["id"])
    return (known if same_definition(command, known) else command), False


def _complete(standin: StandIn, scope: Scope, definition: Json, command_id: str) -> Json:
    """A definition with its defaults and with what Discord gives a command."""
    command: Json = {
        "id": command_id,
        "application_id": standin.application.id,
        "version": standin.snowflakes.next(),
        "name_localizations": None,
        "description_localizations": None,
        "default_member_permissions": None,
        "dm_permission": True,
        "nsfw": False,
    } | definition
    if definition["type"] == 1:
        command.setdefault("options", [])
    else:
        command.pop("options", None)
    if scope is None:
        command["contexts"] = definition.get("contexts")
        command["integration_types"] = definition.get("integration_types") or [0]
    else:
        # Guild commands are of the guild: neither field means anything there.
        command.pop("contexts", None)
        command.pop("integration_types", None)
        command["guild_id"] = scope
    return command


def _tell(standin: StandIn) -> None:
    standin.events.publish("commands", {"commands": standin.commands.everything()})
