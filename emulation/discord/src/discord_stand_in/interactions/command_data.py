"""The `data` of a command or autocomplete interaction: options, and the objects behind their ids.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-application-command-data-structure
"""

from typing import Any

from discord_stand_in.backend import Backend
from discord_stand_in.errors import ControlError
from discord_stand_in.interactions.actions import UserAction
from discord_stand_in.interactions.payloads import Actor
from discord_stand_in.json_types import Json
from discord_stand_in.state.directory import APP_PERMISSIONS
from discord_stand_in.validation import commands
from discord_stand_in.validation.files import is_allowed


def command_data(backend: Backend, action: UserAction, path: str, actor: Actor) -> Json:
    """The data of the command at `path`: its name and its sub-commands, as in `a b c`."""
    is_chat_input = action.command_type == commands.CHAT_INPUT
    name, *subcommands = path.split(" ") if is_chat_input else [path]
    guild_id = actor.channel.guild_id
    command = backend.commands.find_usable(guild_id, name, action.command_type)
    if command is None and action.strict:
        raise ControlError(f"No command /{name} is registered here.", 404)
    resolved = Resolved(backend, in_guild=guild_id is not None)
    data: Json = {
        "id": command["id"] if command else backend.snowflakes.next(),
        "name": name,
        "type": action.command_type,
    }
    if command is not None and "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    if is_chat_input:
        options = _options(action, resolved, command["options"] if command else [], subcommands)
        if options:
            data["options"] = options
    elif action.target_id is None:
        raise ControlError("A user or message command needs a `target_id`.")
    else:
        if action.command_type == commands.USER_COMMAND:
            resolved.add_user(action.target_id)
        else:
            resolved.add_message(action.target_id)
        data["target_id"] = action.target_id
    if resolved.data:
        data["resolved"] = resolved.data
    return data


class Resolved:
    """Collects the `resolved` part of an interaction's data: the objects behind its ids.

    Every method raises ControlError (404) if there is no such object.
    """

    def __init__(self, backend: Backend, *, in_guild: bool) -> None:
        self._backend = backend
        self._in_guild = in_guild
        self.data: Json = {}

    def add_user(self, user_id: str) -> None:
        """A user, in a guild also as a member."""
        user = self._backend.directory.users.get(user_id)
        self._add("user", user_id, user.as_json() if user else None)
        if user is not None and self._in_guild:
            member = user.as_member() | {"permissions": user.permissions}
            # https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure
            without = {key: value for key, value in member.items() if key not in ("deaf", "mute")}
            self._add("member", user_id, without)

    def add_role(self, role_id: str) -> None:
        """A role of the guild."""
        roles = {role["id"]: role for role in self._backend.directory.guild.roles}
        self._add("role", role_id, roles.get(role_id))

    def add_channel(self, channel_id: str) -> None:
        """A partial channel."""
        channel = self._backend.directory.channels.get(channel_id)
        permissions = {
            "permissions": self._backend.directory.default_user.permissions,
            "app_permissions": APP_PERMISSIONS,
        }
        body = self._backend.partial_channel_json(channel) | permissions if channel else None
        self._add("channel", channel_id, body)

    def add_message(self, message_id: str) -> None:
        """A message; raises UNKNOWN_MESSAGE (10008)."""
        message = self._backend.messages.get(message_id)
        self._backend.messages.use(message)
        self._add("message", message_id, self._backend.messages.as_json(message))

    def add_attachment(self, attachment_id: str) -> None:
        """A file that was uploaded to the control API."""
        attachment = self._backend.attachments.find(attachment_id)
        self._backend.attachments.use_upload(attachment_id)
        body = self._backend.attachments.as_json(attachment) if attachment else None
        self._add("attachment", attachment_id, body)

    def add_mentionable(self, user_or_role_id: str) -> None:
        """A user or a role."""
        is_user = user_or_role_id in self._backend.directory.users
        (self.add_user if is_user else self.add_role)(user_or_role_id)

    def add_option_value(self, option_type: int, value: Any) -> None:
        """The object behind an option's value, if the value is an id."""
        add = {
            commands.USER: self.add_user,
            commands.CHANNEL: self.add_channel,
            commands.ROLE: self.add_role,
            commands.MENTIONABLE: self.add_mentionable,
            commands.ATTACHMENT: self.add_attachment,
        }.get(option_type)
        if add is not None:
            add(str(value))

    def _add(self, kind: str, object_id: str, body: Json | None) -> None:
        if body is None:
            raise ControlError(f"There is no {kind} {object_id}.", 404)
        self.data.setdefault(f"{kind}s", {})[object_id] = body


def _options(
    action: UserAction, resolved: Resolved, registered: list[Json], subcommands: list[str]
) -> list[Json]:
    """The options of a command, nested in its sub-commands; `registered` are their definitions."""
    definitions = {option["name"]: option for option in registered}
    if not subcommands:
        return _option_values(action, resolved, definitions)
    name, *deeper = subcommands
    if name not in definitions and action.strict:
        raise ControlError(f"There is no sub-command {name}.", 404)
    inner = definitions.get(name, {}).get("options", [])
    option_type = commands.SUBCOMMAND_GROUP if deeper else commands.SUBCOMMAND
    options = _options(action, resolved, inner, deeper)
    return [{"name": name, "type": option_type, "options": options}]


def _option_values(
    action: UserAction, resolved: Resolved, definitions: dict[str, Json]
) -> list[Json]:
    """The options that the user filled in, and the one that is being autocompleted."""
    values, focused = action.options, action.focused
    if action.strict and focused is None:
        _check_values(definitions, values)
        _check_files(definitions, values, resolved)
    options: list[Json] = []
    for name, value in values.items():
        option_type = definitions[name]["type"] if name in definitions else _infer_type(value)
        option: Json = {"name": name, "type": option_type, "value": value}
        if name == focused:
            # Discord sends the text typed so far as a string, whatever the option's type.
            option |= {"value": str(value), "focused": True}
        else:
            resolved.add_option_value(option_type, value)
        options.append(option)
    if focused is not None and focused not in values:
        option_type = definitions[focused]["type"] if focused in definitions else commands.STRING
        options.append({"name": focused, "type": option_type, "value": "", "focused": True})
    return options


def _infer_type(value: Any) -> int:
    """The type of an option that no command has registered."""
    types = {bool: commands.BOOLEAN, int: commands.INTEGER, float: commands.NUMBER}
    return types.get(type(value), commands.STRING)


def _check_values(definitions: dict[str, Json], values: dict[str, Any]) -> None:
    """Check what Discord's client checks before it sends; ControlError names the option."""
    for name, definition in definitions.items():
        if definition.get("required") and name not in values:
            raise ControlError(f"{name}: this option is required.")
    for name, value in values.items():
        if name not in definitions:
            raise ControlError(f"{name}: there is no such option.")
        _check_value(definitions[name], value)


def _check_files(definitions: dict[str, Json], values: dict[str, Any], resolved: Resolved) -> None:
    """Check the names of files as Discord's client does before it uploads them."""
    for name, value in values.items():
        if types := definitions[name].get("file_types"):
            resolved.add_attachment(str(value))
            filename = resolved.data["attachments"][str(value)]["filename"]
            if not is_allowed(filename, types):
                raise ControlError(f"{name}: {filename} is none of {', '.join(types)}.")


def _check_value(definition: Json, value: Any) -> None:
    name, option_type = definition["name"], definition["type"]
    choices = definition.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise ControlError(f"{name}: {value!r} is not one of the choices.")
    if option_type in (commands.INTEGER, commands.NUMBER):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ControlError(f"{name}: {value!r} is not a number.")
        if option_type == commands.INTEGER and value != int(value):
            raise ControlError(f"{name}: {value!r} is not a whole number.")
        _check_bounds(name, value, definition.get("min_value"), definition.get("max_value"))
    elif option_type == commands.STRING:
        if not isinstance(value, str):
            raise ControlError(f"{name}: {value!r} is not text.")
        highest = definition.get("max_length", commands.MAX_STRING_OPTION)
        _check_bounds(name, len(value), definition.get("min_length"), highest, " characters")
    elif option_type == commands.BOOLEAN and not isinstance(value, bool):
        raise ControlError(f"{name}: {value!r} is neither true nor false.")


def _check_bounds(
    name: str, value: float, lowest: float | None, highest: float | None, unit: str = ""
) -> None:
    if lowest is not None and value < lowest:
        raise ControlError(f"{name}: {value}{unit} is less than {lowest}.")
    if highest is not None and value > highest:
        raise ControlError(f"{name}: {value}{unit} is more than {highest}.")
