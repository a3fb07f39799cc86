"""The parts of an application command, and the check of the options that an interaction gives.

Names and descriptions are in `texts/locales/commands`, by the path of what they describe.
https://docs.discord.com/developers/interactions/application-commands
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from discord_diffusion.jobs.refusal import Refusal

MANAGE_GUILD = 1 << 5
"""https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags"""
MANAGE_MESSAGES = 1 << 13


class CommandType(IntEnum):
    """Where Discord shows a command."""

    CHAT_INPUT = 1
    MESSAGE = 3


class OptionType(IntEnum):
    """The types of option that our commands have."""

    SUB_COMMAND = 1
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    NUMBER = 10
    ATTACHMENT = 11


_TEXTS = (
    OptionType.STRING,
    OptionType.USER,
    OptionType.CHANNEL,
    OptionType.ROLE,
    OptionType.ATTACHMENT,
)
"""Option types whose value is a text; all but the first hold an id."""


class Context(IntEnum):
    """Where a command can be used."""

    GUILD = 0
    BOT_DM = 1
    PRIVATE_CHANNEL = 2


@dataclass(frozen=True)
class Choice:
    """One value that a user can choose; `label` if its name is the same in every language."""

    value: str
    label: str | None = None


@dataclass(frozen=True)
class Option:
    """One option; `minimum` and `maximum` bound the value, or the length of a text.

    `file_types` are those that Discord lets users choose for an attachment. It compares only names:
    https://docs.discord.com/developers/reference#file-type-filtering
    """

    name: str
    type: OptionType
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Choice, ...] = ()
    autocomplete: bool = False
    file_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubCommand:
    """One of several things that a command does."""

    name: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Command:
    """One command. `permissions` are those that a member needs unless a guild decides otherwise."""

    name: str
    type: CommandType = CommandType.CHAT_INPUT
    options: tuple[Option, ...] = ()
    subcommands: tuple[SubCommand, ...] = ()
    contexts: tuple[Context, ...] = tuple(Context)
    permissions: int | None = None

    @property
    def key(self) -> str:
        """The path of its texts."""
        return self.name.lower().replace(" ", "_")

    def options_of(self, subcommand: str | None) -> tuple[Option, ...]:
        """The options of a sub-command, or the command's own; none of an unknown sub-command."""
        found = (known.options for known in self.subcommands if known.name == subcommand)
        return next(found, ()) if self.subcommands else self.options


def check_options(path: str, options: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every option of the command at `path`; None for an option that is not given.

    Discord's clients check the values too, but not every request comes from one of them.

    Raises:
        Refusal: naming the option, by its path, and what is allowed.
    """
    return {
        option.name: _checked(f"{path}.{option.name}", option, given.get(option.name))
        for option in options
    }


def _checked(path: str, option: Option, value: Any) -> Any:
    if value is None:
        if option.required:
            raise Refusal("option_missing", option=path)
        return None
    if option.type is OptionType.BOOLEAN:
        if not isinstance(value, bool):
            raise Refusal("option_boolean", option=path)
        return value
    return _text(path, option, value) if option.type in _TEXTS else _number(path, option, value)


def _text(path: str, option: Option, value: object) -> str:
    high = option.maximum or 100
    if not isinstance(value, str) or len(value) > high:
        raise Refusal("option_text", option=path, high=f"{high:.0f}")
    if option.choices and value not in {choice.value for choice in option.choices}:
        raise Refusal("option_choice", option=path)
    return value


def _number(path: str, option: Option, value: object) -> int | float:
    whole = option.type is OptionType.INTEGER
    low, high = option.minimum or 0, option.maximum or 0
    right = type(value) is int or (not whole and type(value) is float)
    if not right or not low <= value <= high:  # type: ignore[operator]  # right says that it is one
        kind = "option_whole" if whole else "option_number"
        raise Refusal(kind, option=path, low=f"{low:g}", high=f"{high:.0f}")
    return value  # type: ignore[return-value]  # as above
