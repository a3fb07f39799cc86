"""Parsers of application commands, their names, options and choices.

Contract: https://docs.discord.com/developers/interactions/application-commands
"""

import unicodedata
from typing import Any

from discord_stand_in.errors import InvalidFormError
from discord_stand_in.json_types import Json
from discord_stand_in.validation.fields import (
    Field,
    Parser,
    boolean,
    check_length,
    check_unique,
    integer,
    invalid,
    list_of,
    mapping_of,
    model,
    number,
    one_of,
    string,
)
from discord_stand_in.validation.files import file_types

# https://docs.discord.com/developers/reference#locales
LOCALES = (
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi",
    "th", "zh-CN", "ja", "zh-TW", "ko",
)  # fmt: skip

CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)

MAX_COMMANDS = 130
MAX_OPTIONS = 25
MAX_CHOICES = 25
MAX_COMMAND_CHARACTERS = 8_000
MAX_STRING_OPTION = 6_000
MAX_NAME = 32
_MAX_EXACT_INTEGER = 2**53

_TYPES_WITH_CHOICES = (STRING, INTEGER, NUMBER)
_VALUE_TYPES = tuple(range(3, 12))

# Scripts whose words hold marks that are neither letters nor numbers.
_DEVANAGARI = range(0x0900, 0x0980)
_THAI = range(0x0E00, 0x0E80)


def _may_be_in_a_name(character: str) -> bool:
    if character in "-_'" or unicodedata.category(character)[0] in "LN":
        return True
    return ord(character) in _DEVANAGARI or ord(character) in _THAI


def _chat_input_name(value: Any) -> str:
    """Parse the name of a chat input command or an option: one word in lower case.

    https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-naming
    """
    name: str = string(1, MAX_NAME)(value)
    if name != name.lower() or not all(_may_be_in_a_name(character) for character in name):
        raise invalid("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name


def _context_menu_name(value: Any) -> str:
    """Parse the name of a user or message command: words in any case."""
    name: str = string(1, MAX_NAME)(value)
    letters = name.replace(" ", "")
    if not letters or not all(_may_be_in_a_name(character) for character in letters):
        raise invalid("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name


_description = string(1, 100)
_localized_descriptions = Field(mapping_of(LOCALES, _description), nullable=True)


def _permissions(value: Any) -> str:
    """Parse a set of permission bits, written as text or as a number."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isdecimal() or not text.isascii() or len(text) > 20:
        message = f'Value "{str(value)[:100]}" is not a permission set.'
        raise invalid("PERMISSIONS_TYPE_COERCE", message)
    return text


def _set_of(parse_item: Parser) -> Parser:
    """A parser of lists that hold no value twice."""
    parse_list = list_of(parse_item)

    def parse(value: Any) -> list[Any]:
        parsed: list[Any] = parse_list(value)
        message = "The set already contains this value."
        check_unique(parsed, invalid("SET_TYPE_ALREADY_CONTAINS_VALUE", message))
        return parsed

    return parse


def choice(option_type: int) -> Parser:
    """A parser of a choice of an option, whether registered or autocompleted."""
    values = {INTEGER: integer(), NUMBER: number()}
    return model(
        {
            "name": Field(string(1, 100), required=True),
            "name_localizations": Field(mapping_of(LOCALES, string(1, 100)), nullable=True),
            "value": Field(values.get(option_type, string(maximum=100)), required=True),
        }
    )


def _check_option(option: Json) -> None:
    """Check that an option has only the fields of its type, and bounds that leave a value."""
    if option.get("choices") and option.get("autocomplete"):
        message = "An option cannot have both choices and autocomplete."
        raise invalid("APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", message, "choices")
    types_by_field = {
        "choices": _TYPES_WITH_CHOICES,
        "autocomplete": _TYPES_WITH_CHOICES,
        "min_value": (INTEGER, NUMBER),
        "max_value": (INTEGER, NUMBER),
        "min_length": (STRING,),
        "max_length": (STRING,),
        "channel_types": (CHANNEL,),
        "file_types": (ATTACHMENT,),
        "options": (SUBCOMMAND, SUBCOMMAND_GROUP),
    }
    for name, types in types_by_field.items():
        # `autocomplete: false` and an empty list say nothing; a bound of 0 does.
        value = option.get(name, False)
        if value is not False and value != [] and option["type"] not in types:
            message = f"Options of type {option['type']} cannot have {name}."
            raise invalid("APPLICATION_COMMAND_OPTION_TYPE_INVALID", message, name)
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        if low in option and high in option and option[low] > option[high]:
            message = f"{low} must be less than or equal to {high}."
            raise invalid("APPLICATION_COMMAND_OPTION_RANGE_INVALID", message, low)


def _option_fields(option_type: int) -> dict[str, Field]:
    parse_bound = integer if option_type == INTEGER else number
    bound = Field(parse_bound(-_MAX_EXACT_INTEGER, _MAX_EXACT_INTEGER))
    return {
        "type": Field(integer(), required=True),
        "name": Field(_chat_input_name, required=True),
        "name_localizations": Field(mapping_of(LOCALES, _chat_input_name), nullable=True),
        "description": Field(_description, required=True),
        "description_localizations": _localized_descriptions,
        "required": Field(boolean),
        "choices": Field(list_of(choice(option_type), maximum=MAX_CHOICES)),
        "channel_types": Field(_set_of(integer(0, 16))),
        "file_types": Field(file_types),
        "min_value": bound,
        "max_value": bound,
        "min_length": Field(integer(0, MAX_STRING_OPTION)),
        "max_length": Field(integer(1, MAX_STRING_OPTION)),
        "autocomplete": Field(boolean),
    }


def _option(allowed_types: tuple[int, ...]) -> Parser:
    """A parser of an option; `allowed_types` are those that may stand at its depth."""

    def parse(value: Any) -> Json:
        head = model({"type": Field(one_of(range(1, 12), integer()), required=True)})(value)
        option_type: int = head["type"]
        if option_type not in allowed_types:
            message = "Sub-commands cannot be nested this deep."
            raise invalid("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message, "type")
        fields = _option_fields(option_type)
        if option_type == SUBCOMMAND:
            fields["options"] = Field(_options(_VALUE_TYPES))
        elif option_type == SUBCOMMAND_GROUP:
            fields["options"] = Field(_options((SUBCOMMAND,)), required=True)
        parsed: Json = model(fields, _check_option)(value)
        return parsed

    return parse


def _options(allowed_types: tuple[int, ...]) -> Parser:
    parse_list = list_of(_option(allowed_types), maximum=MAX_OPTIONS)

    def parse(value: Any) -> list[Json]:
        options: list[Json] = parse_list(value)
        _check_options(options)
        return options

    return parse


def _check_options(options: list[Json]) -> None:
    """Check: required options first, each name once, sub-commands only among themselves."""
    nested = [option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP) for option in options]
    if any(nested) and not all(nested):
        message = (
            "Sub-command and sub-command group option types are mutually exclusive to all other"
            " types"
        )
        raise invalid("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    names: set[str] = set()
    optional_seen = False
    for position, option in enumerate(options):
        if option["name"] in names:
            message = "Option names must be unique"
            raise invalid("APPLICATION_COMMAND_OPTIONS_DUPLICATE_NAME", message, str(position))
        names.add(option["name"])
        if option.get("required") and optional_seen:
            message = "Required options must be placed before non-required options"
            raise invalid("APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message, str(position))
        optional_seen = optional_seen or not option.get("required", False)


def _empty(name: str, default: Any) -> Field:
    """The field of a context menu command that takes nothing but the empty value `default`."""

    def parse(value: Any) -> Any:
        if value != default:
            code = f"APPLICATION_COMMAND_CONTEXT_MENU_{name.upper()}_INVALID"
            raise invalid(code, f"Context menu commands cannot have {name}")
        return default

    return Field(parse)


def _command_fields(command_type: int) -> dict[str, Field]:
    name = _chat_input_name if command_type == CHAT_INPUT else _context_menu_name
    fields = {
        "name": Field(name, required=True),
        "name_localizations": Field(mapping_of(LOCALES, name), nullable=True),
        "default_member_permissions": Field(_permissions, nullable=True),
        "dm_permission": Field(boolean),
        "default_permission": Field(boolean),
        "nsfw": Field(boolean),
        "contexts": Field(_set_of(one_of(range(3), integer())), nullable=True),
        "integration_types": Field(_set_of(one_of(range(2), integer())), nullable=True),
    }
    if command_type == CHAT_INPUT:
        fields["description"] = Field(_description, required=True)
        fields["description_localizations"] = _localized_descriptions
        fields["options"] = Field(_options(tuple(range(1, 12))))
    else:
        fields |= {"description": _empty("description", ""), "options": _empty("options", [])}
    return fields


def _longest(default: str, localizations: Json | None) -> int:
    """The length that counts of a text and its translations: that of the longest."""
    return max([len(default), *(len(text) for text in (localizations or {}).values())])


def size(part: Json) -> int:
    """How much of the 8,000 characters a command, or an option of one, takes."""
    total = 0
    for name in ("name", "description"):
        total += _longest(part.get(name, ""), part.get(f"{name}_localizations"))
    for option_choice in part.get("choices", []):
        total += _longest(option_choice["name"], option_choice.get("name_localizations"))
        total += len(str(option_choice["value"]))
    return total + sum(size(option) for option in part.get("options", []))


def command(value: Any) -> Json:
    """Parse a command as it is registered."""
    known_type = one_of((CHAT_INPUT, USER_COMMAND, MESSAGE_COMMAND), integer())
    head = model({"type": Field(known_type)})(value)
    command_type: int = head.get("type", CHAT_INPUT)
    parsed: Json = model(_command_fields(command_type))(value)
    if size(parsed) > MAX_COMMAND_CHARACTERS:
        message = f"Command exceeds maximum size ({MAX_COMMAND_CHARACTERS})"
        raise invalid("APPLICATION_COMMAND_TOO_LARGE", message)
    return {"type": command_type, "description": ""} | parsed


def commands(value: Any) -> list[Json]:
    """Parse the commands of a bulk overwrite."""
    parsed: list[Json] = list_of(command)(value)
    keys = ((definition["type"], definition["name"]) for definition in parsed)
    check_unique(keys, duplicate_name())
    check_length(parsed, 0, MAX_COMMANDS)
    return parsed


def duplicate_name() -> InvalidFormError:
    """The error of a name that another command has."""
    message = "Application command names must be unique"
    return invalid("APPLICATION_COMMANDS_DUPLICATE_NAME", message)
