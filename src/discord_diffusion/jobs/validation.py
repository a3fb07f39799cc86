"""Strict reading of job messages: an error names the field, its value and what is allowed.

Pure; standard library only.
"""

import re
from dataclasses import dataclass, fields
from typing import Any

SCHEMA_VERSION = 3
"""Of job messages; raised when today's worker could misread tomorrow's message.

1: answers have content and attachments. 2: they consist of components alone, which a worker of
version 1 cannot edit; `units` is new. 3: a style, and a source image of which a part is kept.
"""
READ_VERSIONS = (1, 2, SCHEMA_VERSION)
"""Those that this version reads: messages of the version before wait in the queue when it is
deployed."""

_SNOWFLAKE = re.compile(r"[0-9]{1,20}")


class InvalidJobError(ValueError):
    """A message is no job of this schema; the text never holds the token."""


@dataclass(frozen=True)
class Fields:
    """The fields of one JSON object.

    Every method reads one field and raises `InvalidJobError` if the field is missing or its value
    is not allowed.
    """

    content: dict[str, Any]
    prefix: str
    """Path of the object in the message, with a dot at its end; "" is the message itself."""

    @classmethod
    def of(cls, value: object, path: str, kind: type) -> "Fields":
        """The fields of `value`, which must be an object without fields that `kind` lacks.

        Args:
            value: what `json.loads` returned.
            path: where the object is in the message; "" is the message itself.
            kind: the dataclass that the object is read into.
        """
        if not isinstance(value, dict):
            raise InvalidJobError(f"{path} is {shown(value)}, not an object")
        prefix = f"{path}." if path else ""
        if unknown := sorted(map(str, value.keys() - {field.name for field in fields(kind)})):
            raise InvalidJobError(
                f"{prefix}{shown(unknown[0])} is no field of schema {SCHEMA_VERSION}"
            )
        return cls(value, prefix)

    def value(self, name: str) -> Any:
        if name not in self.content:
            raise self._error(name, "missing")
        return self.content[name]

    def text(self, name: str, length: tuple[int, int]) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not length[0] <= len(value) <= length[1]:
            raise self._error(name, f"{shown(value)}, not a text of {length[0]} to {length[1]}")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise self._error(name, f"{shown(value)}, which holds half a character")
        return value

    def secret(self, name: str, most: int) -> str:
        """A text of at most so many characters, whose value is never part of an error."""
        value = self.value(name)
        if not isinstance(value, str) or not value:
            raise self._error(name, "not a text")
        if len(value) > most:
            raise self._error(name, f"longer than {most} characters")
        return value

    def matching(self, name: str, allowed: re.Pattern[str]) -> str | None:
        """A text of the form `allowed`, or None."""
        value = self.value(name)
        if value is None or (isinstance(value, str) and allowed.fullmatch(value)):
            return value
        raise self._error(name, f"{shown(value)}, not of the form {allowed.pattern}")

    def integer(self, name: str, allowed: tuple[int, int], *, multiple_of: int = 1) -> int:
        value = self.value(name)
        if type(value) is not int or not allowed[0] <= value <= allowed[1]:
            raise self._error(
                name, f"{shown(value)}, not a whole number from {allowed[0]} to {allowed[1]}"
            )
        if value % multiple_of:
            raise self._error(name, f"{value}, not a multiple of {multiple_of}")
        return value

    def number(self, name: str, allowed: tuple[float, float]) -> float:
        value = self.value(name)
        if type(value) not in (int, float) or not allowed[0] <= value <= allowed[1]:
            raise self._error(
                name, f"{shown(value)}, not a number from {allowed[0]} to {allowed[1]}"
            )
        return float(value)

    def boolean(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise self._error(name, f"{shown(value)}, not true or false")
        return value

    def snowflake(self, name: str) -> str:
        value = self.value(name)
        if isinstance(value, str) and _SNOWFLAKE.fullmatch(value) and int(value) < 2**64:
            return value
        raise self._error(name, f"{shown(value)}, not a snowflake")

    def optional_snowflake(self, name: str) -> str | None:
        return None if self.value(name) is None else self.snowflake(name)

    def _error(self, name: str, problem: str) -> InvalidJobError:
        return InvalidJobError(f"{self.prefix}{name} is {problem}")


def shown(value: object) -> str:
    """A value as errors show it: not longer than a line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
