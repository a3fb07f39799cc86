"""What an application command is made of, and how it is written for Discord.

Texts are not here but in the catalogue `locales/commands`, by the path of what they describe.
https://docs.discord.com/developers/interactions/application-commands
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

MANAGE_GUILD = 1 << 5
"""https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags"""
MANAGE_MESSAGES = 1 << 13


class CommandType(IntEnum):
    """Where a command is found."""

    CHAT_INPUT = 1
    MESSAGE = 3


class OptionType(IntEnum):
    """Kinds of option that a command of ours has."""

    SUB_COMMAND = 1
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    CHANNEL = 7
    ROLE = 8
    NUMBER = 10
    ATTACHMENT = 11


class Context(IntEnum):
    """Where a command can be used."""

    GUILD = 0
    BOT_DM = 1
    PRIVATE_CHANNEL = 2


class CommandTexts(Protocol):
    """The names and descriptions of commands in every language."""

    def names(self, path: str) -> dict[str, str]:
        """What `path` is called, by Discord's locale; `en-US` is always there."""

    def descriptions(self, path: str) -> dict[str, str]:
        """What `path` does, as `names`."""


@dataclass(frozen=True)
class Choice:
    """One value that a user can choose; `label` if it is called the same in every language."""

    value: str
    label: str | None = None

    def as_json(self, path: str, texts: CommandTexts) -> dict[str, Any]:
        """For the registration."""
        if self.label is not None:
            return {"name": self.label, "value": self.value}
        return _localised("name", texts.names(f"{path}={self.value}")) | {"value": self.value}


@dataclass(frozen=True)
class Option:
    """One option; `minimum` and `maximum` bound the value, or the length of a text."""

    name: str
    type: OptionType
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Choice, ...] = ()
    autocomplete: bool = False

    def as_json(self, parent: str, texts: CommandTexts) -> dict[str, Any]:
        """For the registration."""
        path = f"{parent}.{self.name}"
        kind = "length" if self.type is OptionType.STRING else "value"
        written = {"type": int(self.type), "required": self.required, **_titled(path, texts)}
        if self.minimum is not None:
            written[f"min_{kind}"] = self.minimum
        if self.maximum is not None:
            written[f"max_{kind}"] = self.maximum
        if self.choices:
            written["choices"] = [choice.as_json(path, texts) for choice in self.choices]
        if self.autocomplete:
            written["autocomplete"] = True
        return written


@dataclass(frozen=True)
class SubCommand:
    """One of several things that a command does."""

    name: str
    options: tuple[Option, ...] = ()

    def as_json(self, parent: str, texts: CommandTexts) -> dict[str, Any]:
        """For the registration."""
        path = f"{parent}.{self.name}"
        return {
            "type": int(OptionType.SUB_COMMAND),
            **_titled(path, texts),
            "options": [option.as_json(path, texts) for option in self.options],
        }


@dataclass(frozen=True)
class Command:
    """One command. `permissions` are those that a member needs unless a guild decides otherwise."""

    name: str
    type: CommandType = CommandType.CHAT_INPUT
    options: tuple[Option, ...] = ()
    subcommands: tuple[SubCommand, ...] = ()
    contexts: tuple[Context, ...] = field(default=tuple(Context))
    permissions: int | None = None

    @property
    def key(self) -> str:
        """The path of its texts."""
        return self.name.lower().replace(" ", "_")

    def options_of(self, subcommand: str | None) -> tuple[Option, ...]:
        """The options of a sub-command, or its own; none of one that there is not."""
        found = (one.options for one in self.subcommands if one.name == subcommand)
        return next(found, ()) if self.subcommands else self.options

    def paths(self) -> Iterator[str]:
        """The path of everything that has a text."""
        yield self.key
        for owner, options in (
            (self.key, self.options),
            *((f"{self.key}.{one.name}", one.options) for one in self.subcommands),
        ):
            if owner != self.key:
                yield owner
            for option in options:
                yield f"{owner}.{option.name}"
                for choice in option.choices:
                    if choice.label is None:
                        yield f"{owner}.{option.name}={choice.value}"

    def as_json(self, texts: CommandTexts) -> dict[str, Any]:
        """For the registration. Both kinds of installation, unless it is for guilds alone."""
        guilds_only = self.contexts == (Context.GUILD,)
        written: dict[str, Any] = {
            "type": int(self.type),
            "contexts": [int(context) for context in self.contexts],
            "integration_types": [0] if guilds_only else [0, 1],
        }
        if self.permissions is not None:
            written["default_member_permissions"] = str(self.permissions)
        if self.type is CommandType.MESSAGE:
            return written | _localised("name", texts.names(self.key)) | {"name": self.name}
        inner = self.subcommands or self.options
        options = [one.as_json(self.key, texts) for one in inner]
        return written | _titled(self.key, texts) | {"name": self.name, "options": options}


def _titled(path: str, texts: CommandTexts) -> dict[str, Any]:
    """Name and description; the name that Discord sends back is the last part of the path."""
    names = _localised("name", texts.names(path)) | {"name": path.rpartition(".")[2]}
    return names | _localised("description", texts.descriptions(path))


def _localised(field_name: str, texts: dict[str, str]) -> dict[str, Any]:
    others = {locale: text for locale, text in texts.items() if locale != "en-US"}
    return {field_name: texts["en-US"], f"{field_name}_localizations": others}
