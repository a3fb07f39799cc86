"""Parsers for the parts of a body, with the codes and texts of Discord's form errors.

A parser takes a decoded JSON value and returns it checked, or raises InvalidFormError with the tree
of errors below that value.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from discord_stand_in.errors import InvalidFormError
from discord_stand_in.json_types import Json
from discord_stand_in.snowflakes import MAX_SNOWFLAKE

Parser = Callable[[Any], Any]
Check = Callable[[Json], None]

MAX_QUOTED_CHARACTERS = 100
"""How much of a wrong value an error text repeats."""


def invalid(code: str, message: str, *path: str) -> InvalidFormError:
    """One error, at a path below the value that is being parsed."""
    return InvalidFormError({"_errors": [{"code": code, "message": message}]}).at(*path)


def missing(*path: str) -> InvalidFormError:
    """The error of a field that is required and absent."""
    return invalid("BASE_TYPE_REQUIRED", "This field is required", *path)


def require_object(value: Any) -> Json:
    """Return `value` if it is an object; raise Discord's error if it is not."""
    if not isinstance(value, dict):
        raise invalid("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    return value


def check_length(value: str | list[Any], minimum: int, maximum: int | None) -> None:
    """Raise the error of a text or list that is too short or too long."""
    size = len(value)
    if size >= minimum and (maximum is None or size <= maximum):
        return
    if minimum > 0 and maximum is not None:
        raise invalid("BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length.")
    if size < minimum:
        raise invalid("BASE_TYPE_MIN_LENGTH", f"Must be {minimum} or more in length.")
    raise invalid("BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")


def check_unique(keys: Iterable[Any], duplicate: InvalidFormError) -> None:
    """Raise `duplicate`, at the position of the first key that an earlier item has too."""
    seen: set[Any] = set()
    for position, key in enumerate(keys):
        if key in seen:
            raise duplicate.at(str(position))
        seen.add(key)


def string(minimum: int = 0, maximum: int | None = None) -> Parser:
    """A parser of text; lengths are in code points."""

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            text = f'Could not interpret "{str(value)[:MAX_QUOTED_CHARACTERS]}" as string.'
            raise invalid("STRING_TYPE_CONVERT", text)
        check_length(value, minimum, maximum)
        return value

    return parse


def _not_a(kind: str, value: Any) -> InvalidFormError:
    text = f'Value "{str(value)[:MAX_QUOTED_CHARACTERS]}" is not {kind}.'
    return invalid("NUMBER_TYPE_COERCE", text)


def _check_range(kind: str, value: float, minimum: float | None, maximum: float | None) -> None:
    if maximum is not None and value > maximum:
        raise invalid("NUMBER_TYPE_MAX", f"{kind} value should be less than or equal to {maximum}.")
    if minimum is not None and value < minimum:
        text = f"{kind} value should be greater than or equal to {minimum}."
        raise invalid("NUMBER_TYPE_MIN", text)


def _to_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    return None


def integer(minimum: int | None = None, maximum: int | None = None) -> Parser:
    """A parser of whole numbers, also of those written as text."""

    def parse(value: Any) -> int:
        parsed = _to_integer(value)
        if parsed is None:
            raise _not_a("int", value)
        _check_range("int", parsed, minimum, maximum)
        return parsed

    return parse


def number(minimum: float | None = None, maximum: float | None = None) -> Parser:
    """A parser of numbers."""

    def parse(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _not_a("float", value)
        _check_range("float", value, minimum, maximum)
        return value

    return parse


def boolean(value: Any) -> bool:
    """Parse true or false."""
    if not isinstance(value, bool):
        raise invalid("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    return value


def snowflake(value: Any) -> str:
    """Parse an id; a number becomes text."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or re.fullmatch(r"[0-9]{1,20}", text) is None:
        raise _not_a("snowflake", value)
    _check_range("snowflake", int(text), None, MAX_SNOWFLAKE)
    return text


def one_of(values: Iterable[Any], parse_value: Parser) -> Parser:
    """A parser of one of a few values."""
    allowed = tuple(values)

    def parse(value: Any) -> Any:
        parsed = parse_value(value)
        if parsed not in allowed:
            choices = ", ".join(str(choice) for choice in allowed)
            raise invalid("BASE_TYPE_CHOICES", f"Value must be one of {{{choices}}}.")
        return parsed

    return parse


def url(schemes: tuple[str, ...] = ("http", "https"), maximum: int = 2048) -> Parser:
    """A parser of addresses with one of the schemes."""
    parse_text = string(maximum=maximum)

    def parse(value: Any) -> str:
        address: str = parse_text(value)
        malformed = invalid("URL_TYPE_INVALID_URL", "Not a well formed URL.")
        try:
            parts = urlsplit(address)
            host = parts.hostname
        except ValueError as error:
            raise malformed from error
        if parts.scheme and parts.scheme not in schemes:
            allowed = ", ".join(f"'{scheme}'" for scheme in schemes)
            text = f'Scheme "{parts.scheme}" is not supported. Scheme must be one of ({allowed}).'
            raise invalid("URL_TYPE_INVALID_SCHEME", text)
        if not parts.scheme or not (host or parts.scheme in ("attachment", "discord")):
            raise malformed
        return address

    return parse


def list_of(parse_item: Parser, minimum: int = 0, maximum: int | None = None) -> Parser:
    """A parser of lists; errors are keyed by position."""

    def parse(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise invalid("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        check_length(value, minimum, maximum)
        parsed: list[Any] = []
        tree: Json = {}
        for position, item in enumerate(value):
            try:
                parsed.append(parse_item(item))
            except InvalidFormError as error:
                tree[str(position)] = error.tree
        if tree:
            raise InvalidFormError(tree)
        return parsed

    return parse


def mapping_of(keys: Iterable[str], parse_value: Parser) -> Parser:
    """A parser of objects whose keys are of a fixed set, as localizations are."""
    parse_key = one_of(keys, string())

    def parse(value: Any) -> Json:
        if not isinstance(value, dict):
            raise invalid("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        parsed: Json = {}
        tree: Json = {}
        for key, item in value.items():
            try:
                parse_key(key)
                if item is not None:
                    parsed[key] = parse_value(item)
            except InvalidFormError as error:
                tree[key] = error.tree
        if tree:
            raise InvalidFormError(tree)
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
    """A parser of objects. Unknown keys are dropped; `checks` get the object if its fields fit."""

    def parse(value: Any) -> Json:
        given = require_object(value)
        parsed: Json = {}
        tree: Json = {}
        for name, field in fields.items():
            try:
                if given.get(name) is not None:
                    parsed[name] = field.parse(given[name])
                elif field.required:
                    raise missing()
                elif field.nullable and name in given:
                    parsed[name] = None
            except InvalidFormError as error:
                tree[name] = error.tree
        if tree:
            raise InvalidFormError(tree)
        for check in checks:
            check(parsed)
        return parsed

    return parse
