"""Makes interactions from what a person does.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from dataclasses import dataclass
from typing import Any

from emulation.discord.asked import Asked
from emulation.discord.backend import StandIn
from emulation.discord.errors import ControlError
from emulation.discord.interactions.command_data import (
    SUBCOMMAND,
    SUBCOMMAND_GROUP,
    Resolved,
    check_value,
    infer_type,
)
from emulation.discord.interactions.component_data import modal_data, press_data
from emulation.discord.interactions.payloads import Sender, envelope, register
from emulation.discord.json_types import Json
from emulation.discord.state.interactions import Interaction, Kind
from emulation.discord.state.messages import Message

CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND = 1, 2, 3


@dataclass(frozen=True)
class _Part:
    """What is particular to a kind of interaction."""

    kind: Kind
    data: Json
    source: Message | None = None


def make(standin: StandIn, asked: Asked) -> Interaction:
    """A new interaction, not yet delivered; ControlError says what cannot be made."""
    given = [one for one in (asked.command, asked.message_id, asked.modal) if one is not None]
    if len(given) != 1:
        raise ControlError("Give one of `command`, `message_id` and `modal`.")
    sender = _sender(standin, asked)
    part = _part(standin, asked, sender)
    interaction_id = standin.snowflakes.next(asked.age_seconds)
    payload = envelope(standin, sender, part.kind, interaction_id) | {"data": part.data}
    if part.source is not None:
        payload["message"] = standin.messages.as_json(part.source)
    return register(standin, payload, sender, part.source, asked.raw)


def _part(standin: StandIn, asked: Asked, sender: Sender) -> _Part:
    if asked.command is not None:
        kind = Kind.COMMAND if asked.focused is None else Kind.AUTOCOMPLETE
        return _Part(kind, _command_data(standin, asked, asked.command, sender))
    if asked.modal is not None:
        data, source = modal_data(standin, asked, asked.modal, sender)
        return _Part(Kind.MODAL, data, source)
    data, message = press_data(standin, asked, sender)
    return _Part(Kind.COMPONENT, data, message)


def _sender(standin: StandIn, asked: Asked) -> Sender:
    """Who acts and where: by default the first user, in the first channel or the message's."""
    world = standin.world
    user = world.user_or_stranger(asked.user_id or world.default_user.id)
    if asked.wants_dm:
        channel = world.dm_with(user.id)
    else:
        channel_id = asked.channel_id or _implied_channel(standin, asked)
        found = world.channels.get(channel_id)
        if found is None:
            raise ControlError(f"There is no channel {channel_id}.", 404)
        channel = found
    if asked.guild_id is not None and asked.guild_id != channel.guild_id:
        raise ControlError(f"Channel {channel.id} is not in guild {asked.guild_id}.")
    return Sender(user, channel, asked.locale or user.locale)


def _implied_channel(standin: StandIn, asked: Asked) -> str:
    """Where the message or the modal is that is acted on; else the default channel."""
    if asked.message_id is not None:
        message = standin.messages.find(asked.message_id)
        if message is not None:
            return message.channel_id
    if asked.modal is not None:
        opener = standin.interactions.find(asked.modal)
        if opener is not None:
            return opener.channel_id
    return standin.world.default_channel.id


def _command_data(standin: StandIn, asked: Asked, path: str, sender: Sender) -> Json:
    """The data of a command or of its autocomplete."""
    name, *subcommands = path.split(" ") if asked.command_type == CHAT_INPUT else [path]
    guild_id = sender.channel.guild_id
    known = standin.commands.usable(guild_id, name, asked.command_type)
    if known is None and asked.strict:
        raise ControlError(f"No command /{name} is registered here.", 404)
    resolved = Resolved(standin)
    data: Json = {
        "id": known["id"] if known else standin.snowflakes.next(),
        "name": name,
        "type": asked.command_type,
    }
    if known is not None and "guild_id" in known:
        data["guild_id"] = known["guild_id"]
    if asked.command_type == CHAT_INPUT:
        definitions = known["options"] if known else []
        builder = _Options(asked, resolved, in_guild=guild_id is not None)
        options = builder.build(definitions, subcommands)
        if options:
            data["options"] = options
    else:
        _resolve_target(asked, resolved, in_guild=guild_id is not None)
        data["target_id"] = asked.target_id
    if resolved.data:
        data["resolved"] = resolved.data
    return data


def _resolve_target(asked: Asked, resolved: Resolved, *, in_guild: bool) -> None:
    if asked.target_id is None:
        raise ControlError("A user or message command needs a `target_id`.")
    if asked.command_type == USER_COMMAND:
        resolved.user(asked.target_id, in_guild)
    else:
        resolved.message(asked.target_id)


@dataclass(frozen=True)
class _Options:
    """Builds the options of one command."""

    asked: Asked
    resolved: Resolved
    in_guild: bool

    def build(self, definitions: list[Json], subcommands: list[str]) -> list[Json]:
        """The options, below the sub-commands that are named."""
        if not subcommands:
            return self._values(definitions)
        name, *deeper = subcommands
        definition = next((one for one in definitions if one["name"] == name), None)
        if definition is None and self.asked.strict:
            raise ControlError(f"There is no sub-command {name}.", 404)
        kind = SUBCOMMAND_GROUP if deeper else SUBCOMMAND
        inner = definition.get("options", []) if definition else []
        return [{"name": name, "type": kind, "options": self.build(inner, deeper)}]

    def _values(self, definitions: list[Json]) -> list[Json]:
        known = {one["name"]: one for one in definitions}
        values = self.asked.options
        if self.asked.strict and self.asked.focused is None:
            self._check(known, values)
        options: list[Json] = []
        for name, value in values.items():
            kind = known[name]["type"] if name in known else infer_type(value)
            option: Json = {"name": name, "type": kind, "value": value}
            if name == self.asked.focused:
                # Discord sends what is typed so far as text, whatever the option's type.
                option |= {"value": str(value), "focused": True}
            else:
                self.resolved.by_option_type(kind, value, self.in_guild)
            options.append(option)
        focused = self.asked.focused
        if focused is not None and focused not in values:
            kind = known[focused]["type"] if focused in known else 3
            options.append({"name": focused, "type": kind, "value": "", "focused": True})
        return options

    @staticmethod
    def _check(known: dict[str, Json], values: dict[str, Any]) -> None:
        for name, definition in known.items():
            if definition.get("required") and name not in values:
                raise ControlError(f"{name}: this option is required.")
        for name, value in values.items():
            if name not in known:
                raise ControlError(f"{name}: there is no such option.")
            check_value(known[name], value)
