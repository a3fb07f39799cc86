"""Parsers for the parts of a body, with the codes and texts of Discord's form errors.

A parser takes a decoded JSON value and gives it back checked, or raises FieldError with the tree of
errors below it. Shape of the tree: https://docs.discord.com/developers/reference#error-messages
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from emulation.discord.errors import InvalidFormError
from emulation.discord.json_types import Json
from emulation.discord.snowflakes import MAX_SNOWFLAKE

Parser = Callable[[Any], Any]
Check = Callable[[Json], None]

_SHOWN = 100


class FieldError(Exception):
    """What is wrong below a field; `tree` is the part of `errors` that says so."""

    def __init__(self, tree: Json) -> None:
        super().__init__("invalid field")
        self.tree = tree


def fault(code: str, message: str, *path: str) -> FieldError:
    """One error, at a path below the field that is being parsed."""
    tree: Json = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(path):
        tree = {name: tree}
    return FieldError(tree)


def required(*path: str) -> FieldError:
    """The error of a field that is not there."""
    return fault("BASE_TYPE_REQUIRED", "This field is required", *path)


def parse_form(parser: Parser, value: Any) -> Any:
    """Parse a whole body; InvalidFormError (50035) if it does not fit."""
    try:
        return parser(value)
    except FieldError as error:
        raise InvalidFormError(error.tree) from error


def string(minimum: int = 0, maximum: int | None = None, pattern: str | None = None) -> Parser:
    """Text of a length in code points."""

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            shown = str(value)[:_SHOWN]
            raise fault("STRING_TYPE_CONVERT", f'Could not interpret "{shown}" as string.')
        check_length(value, minimum, maximum)
        if pattern is not None and re.fullmatch(pattern, value) is None:
            raise fault("STRING_TYPE_REGEX", "String value did not match validation regex.")
        return value

    return parse


def check_length(value: str | list[Any], minimum: int, maximum: int | None) -> None:
    """Raise the error of a text or list that is too short or too long."""
    size = len(value)
    if size >= minimum and (maximum is None or size <= maximum):
        return
    if minimum > 0 and maximum is not None:
        raise fault("BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length.")
    if size < minimum:
        raise fault("BASE_TYPE_MIN_LENGTH", f"Must be {minimum} or more in length.")
    raise fault("BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")


def integer(minimum: int | None = None, maximum: int | None = None) -> Parser:
    """A whole number, also when written as text."""

    def parse(value: Any) -> int:
        number = _as_int(value)
        if number is None:
            raise fault("NUMBER_TYPE_COERCE", f'Value "{str(value)[:_SHOWN]}" is not int.')
        _check_range("int", number, minimum, maximum)
        return number

    return parse


def number(minimum: float | None = None, maximum: float | None = None) -> Parser:
    """A number."""

    def parse(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise fault("NUMBER_TYPE_COERCE", f'Value "{str(value)[:_SHOWN]}" is not float.')
        _check_range("float", value, minimum, maximum)
        return value

    return parse


def _as_int(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    return None


def _check_range(kind: str, value: float, minimum: float | None, maximum: float | None) -> None:
    if maximum is not None and value > maximum:
        message = f"{kind} value should be less than or equal to {maximum}."
        raise fault("NUMBER_TYPE_MAX", message)
    if minimum is not None and value < minimum:
        message = f"{kind} value should be greater than or equal to {minimum}."
        raise fault("NUMBER_TYPE_MIN", message)


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise fault("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    return value


def snowflake(value: Any) -> str:
    """An id; numbers become text."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or re.fullmatch(r"[0-9]{1,20}", text) is None:
        raise fault("NUMBER_TYPE_COERCE", f'Value "{str(value)[:_SHOWN]}" is not snowflake.')
    if int(text) > MAX_SNOWFLAKE:
        message = f"snowflake value should be less than or equal to {MAX_SNOWFLAKE}."
        raise fault("NUMBER_TYPE_MAX", message)
    return text


def one_of(values: Iterable[Any], parse_value: Parser) -> Parser:
    """One of a few values."""
    allowed = tuple(values)

    def parse(value: Any) -> Any:
        parsed = parse_value(value)
        if parsed not in allowed:
            shown = ", ".join(str(one) for one in allowed)
            raise fault("BASE_TYPE_CHOICES", f"Value must be one of {{{shown}}}.")
        return parsed

    return parse


def url(schemes: tuple[str, ...] = ("http", "https"), maximum: int = 2048) -> Parser:
    """A web address."""
    text = string(maximum=maximum)

    def parse(value: Any) -> str:
        address: str = text(value)
        try:
            parts = urlsplit(address)
            host = parts.hostname
        except ValueError as error:
            raise fault("URL_TYPE_INVALID_URL", "Not a well formed URL.") from error
        if parts.scheme and parts.scheme not in schemes:
            shown = ", ".join(f"'{scheme}'" for scheme in schemes)
            message = f'Scheme "{parts.scheme}" is not supported. Scheme must be one of ({shown}).'
            raise fault("URL_TYPE_INVALID_SCHEME", message)
        if not parts.scheme or not (host or parts.scheme in ("attachment", "discord")):
            raise fault("URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return address

    return parse


def list_of(parse_item: Parser, minimum: int = 0, maximum: int | None = None) -> Parser:
    """A list, each of whose items is parsed; errors are keyed by position."""

    def parse(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise fault("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        check_length(value, minimum, maximum)
        parsed: list[Any] = []
        tree: Json = {}
        for position, item in enumerate(value):
            try:
                parsed.append(parse_item(item))
            except FieldError as error:
                tree[str(position)] = error.tree
        if tree:
            raise FieldError(tree)
        return parsed

    return parse


def mapping_of(keys: Iterable[str], parse_value: Parser) -> Parser:
    """An object whose keys are of a fixed set, as localizations are."""
    allowed = tuple(keys)

    def parse(value: Any) -> Json:
        if not isinstance(value, dict):
            raise fault("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        parsed: Json = {}
        tree: Json = {}
        for key, item in value.items():
            try:
                one_of(allowed, string())(key)
                if item is not None:
                    parsed[key] = parse_value(item)
            except FieldError as error:
                tree[key] = error.tree
        if tree:
            raise FieldError(tree)
        return parsed

    return parse


@dataclass(frozen=True)
class Field:
    """A field of an object."""

    parse: Parser
    required: bool = False
    nullable: bool = False
    """Whether null is a value of its own; else null is the same as absent."""


def model(fields: Mapping[str, Field], *checks: Check) -> Parser:
    """An object. Unknown keys are dropped; `checks` see the object once its fields are right."""

    def parse(value: Any) -> Json:
        if not isinstance(value, dict):
            raise fault("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        parsed: Json = {}
        tree: Json = {}
        for name, field in fields.items():
            try:
                _parse_field(field, name, value, parsed)
            except FieldError as error:
                tree[name] = error.tree
        if tree:
            raise FieldError(tree)
        for check in checks:
            check(parsed)
        return parsed

    return parse


def _parse_field(field: Field, name: str, value: Json, parsed: Json) -> None:
    """Parse one field of `value` into `parsed`."""
    if value.get(name) is not None:
        parsed[name] = field.parse(value[name])
    elif field.required:
        raise required()
    elif field.nullable and name in value:
        parsed[name] = None
