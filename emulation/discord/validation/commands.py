"""Application commands and their limits.

Contract: https://docs.discord.com/developers/interactions/application-commands
"""

from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.validation.command_names import chat_name, menu_name
from emulation.discord.validation.fields import (
    Field,
    FieldError,
    Parser,
    boolean,
    check_length,
    fault,
    integer,
    list_of,
    mapping_of,
    model,
    number,
    one_of,
    string,
)
from emulation.discord.validation.locales import LOCALES
from emulation.discord.validation.responses import choice

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
STRING, INTEGER, CHANNEL, NUMBER = 3, 4, 7, 10
_HAVE_CHOICES = (STRING, INTEGER, NUMBER)

COMMANDS = 110
OPTIONS = 25
CHOICES = 25
CHARACTERS = 8_000
STRING_OPTION = 6_000
_EXACT = 2**53

_description = string(1, 100)
_descriptions = Field(mapping_of(LOCALES, _description), nullable=True)


def _permissions(value: Any) -> str:
    """A set of permission bits, as text or as a number."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isdecimal() or not text.isascii() or len(text) > 20:
        shown = str(value)[:100]
        raise fault("PERMISSIONS_TYPE_COERCE", f'Value "{shown}" is not a permission set.')
    return text


def _unique(parse: Parser) -> Parser:
    def parse_unique(value: Any) -> list[Any]:
        parsed: list[Any] = parse(value)
        for position, item in enumerate(parsed):
            if item in parsed[:position]:
                message = "The set already contains this value."
                raise fault("SET_TYPE_ALREADY_CONTAINS_VALUE", message, str(position))
        return parsed

    return parse_unique


def _option_rules(option: Json) -> None:
    """What a type of option may have."""
    kind = option["type"]
    if option.get("choices") and option.get("autocomplete"):
        message = "An option cannot have both choices and autocomplete."
        raise fault("APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", message, "choices")
    allowed = {
        "choices": _HAVE_CHOICES,
        "autocomplete": _HAVE_CHOICES,
        "min_value": (INTEGER, NUMBER),
        "max_value": (INTEGER, NUMBER),
        "min_length": (STRING,),
        "max_length": (STRING,),
        "channel_types": (CHANNEL,),
        "options": (SUBCOMMAND, SUBCOMMAND_GROUP),
    }
    for name, kinds in allowed.items():
        # `autocomplete: false` and an empty list say nothing; a bound of 0 does.
        given = option.get(name, False)
        if given is not False and given != [] and kind not in kinds:
            message = f"Options of type {kind} cannot have {name}."
            raise fault("APPLICATION_COMMAND_OPTION_TYPE_INVALID", message, name)
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        if low in option and high in option and option[low] > option[high]:
            message = f"{low} must be less than or equal to {high}."
            raise fault("APPLICATION_COMMAND_OPTION_RANGE_INVALID", message, low)


def _option_fields(kind: int) -> dict[str, Field]:
    bound = integer(-_EXACT, _EXACT) if kind == INTEGER else number(-_EXACT, _EXACT)
    return {
        "type": Field(integer(), required=True),
        "name": Field(chat_name, required=True),
        "name_localizations": Field(mapping_of(LOCALES, chat_name), nullable=True),
        "description": Field(_description, required=True),
        "description_localizations": _descriptions,
        "required": Field(boolean),
        "choices": Field(list_of(choice(kind), maximum=CHOICES)),
        "channel_types": Field(_unique(list_of(integer(0, 16)))),
        "min_value": Field(bound),
        "max_value": Field(bound),
        "min_length": Field(integer(0, STRING_OPTION)),
        "max_length": Field(integer(1, STRING_OPTION)),
        "autocomplete": Field(boolean),
    }


def _option(allowed: tuple[int, ...]) -> Parser:
    """An option, parsed by its type; `allowed` are the types at its depth."""

    def parse(value: Any) -> Json:
        if not isinstance(value, dict):
            raise fault("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        head = model({"type": Field(one_of(range(1, 12), integer()), required=True)})(value)
        kind: int = head["type"]
        if kind not in allowed:
            message = "Sub-commands cannot be nested this deep."
            raise fault("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message, "type")
        fields = _option_fields(kind)
        inner = {SUBCOMMAND: _BASIC, SUBCOMMAND_GROUP: (SUBCOMMAND,)}.get(kind)
        if inner is not None:
            fields["options"] = Field(_options(inner), required=kind == SUBCOMMAND_GROUP)
        parsed: Json = model(fields, _option_rules)(value)
        return parsed

    return parse


_BASIC = tuple(range(3, 12))


def _options(allowed: tuple[int, ...]) -> Parser:
    parse_list = list_of(_option(allowed), maximum=OPTIONS)

    def parse(value: Any) -> list[Json]:
        options: list[Json] = parse_list(value)
        _check_options(options)
        return options

    return parse


def _check_options(options: list[Json]) -> None:
    """Required options first, each name once, sub-commands only among themselves."""
    nested = [option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP) for option in options]
    if any(nested) and not all(nested):
        message = (
            "Sub-command and sub-command group option types are mutually exclusive to all other"
            " types"
        )
        raise fault("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    names: set[str] = set()
    optional = False
    for position, option in enumerate(options):
        if option["name"] in names:
            message = "Option names must be unique"
            raise fault("APPLICATION_COMMAND_OPTIONS_DUPLICATE_NAME", message, str(position))
        names.add(option["name"])
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            raise fault("APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message, str(position))
        optional = optional or not option.get("required", False)


def _command_fields(kind: int) -> dict[str, Field]:
    name = chat_name if kind == CHAT_INPUT else menu_name
    fields = {
        "name": Field(name, required=True),
        "name_localizations": Field(mapping_of(LOCALES, name), nullable=True),
        "default_member_permissions": Field(_permissions, nullable=True),
        "dm_permission": Field(boolean),
        "default_permission": Field(boolean),
        "nsfw": Field(boolean),
        "contexts": Field(_unique(list_of(one_of(range(3), integer()))), nullable=True),
        "integration_types": Field(_unique(list_of(one_of(range(2), integer()))), nullable=True),
    }
    if kind == CHAT_INPUT:
        fields["description"] = Field(_description, required=True)
        fields["description_localizations"] = _descriptions
        fields["options"] = Field(_options(tuple(range(1, 12))))
    else:
        fields["description"] = Field(_no_description)
        fields["options"] = Field(_no_options)
    return fields


def _no_description(value: Any) -> str:
    if value != "":
        message = "Context menu commands cannot have description"
        raise fault("APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID", message)
    return ""


def _no_options(value: Any) -> list[Any]:
    if value != []:
        message = "Context menu commands cannot have options"
        raise fault("APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_INVALID", message)
    return []


def _longest(default: str, localized: Json | None) -> int:
    """Of a text and its translations only the longest counts."""
    return max([len(default), *(len(text) for text in (localized or {}).values())])


def size(part: Json) -> int:
    """How much of the 8,000 characters a command, or an option of one, takes."""
    total = 0
    for name in ("name", "description"):
        total += _longest(part.get(name, ""), part.get(f"{name}_localizations"))
    for one in part.get("choices", []):
        total += _longest(one["name"], one.get("name_localizations")) + len(str(one["value"]))
    return total + sum(size(option) for option in part.get("options", []))


def command(value: Any) -> Json:
    """Parser of a command as it is registered."""
    if not isinstance(value, dict):
        raise fault("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    head = model({"type": Field(one_of((1, 2, 3), integer()))})(value)
    kind: int = head.get("type", CHAT_INPUT)
    parsed: Json = model(_command_fields(kind))(value)
    if size(parsed) > CHARACTERS:
        message = f"Command exceeds maximum size ({CHARACTERS})"
        raise fault("APPLICATION_COMMAND_TOO_LARGE", message)
    return {"type": kind, "description": ""} | parsed


def commands(value: Any) -> list[Json]:
    """Parser of a bulk overwrite."""
    parsed: list[Json] = list_of(command)(value)
    seen: set[tuple[int, str]] = set()
    for position, one in enumerate(parsed):
        key = (one["type"], one["name"])
        if key in seen:
            raise FieldError({str(position): duplicate_name().tree})
        seen.add(key)
    check_length(parsed, 0, COMMANDS)
    return parsed


def duplicate_name() -> FieldError:
    """The error of a name that another command has."""
    message = "Application command names must be unique"
    return fault("APPLICATION_COMMANDS_DUPLICATE_NAME", message)
