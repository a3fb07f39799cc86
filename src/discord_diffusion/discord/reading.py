"""Reads JSON of Discord's leniently: what is missing or of another type is empty."""

from collections.abc import Mapping
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """An array, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """A string, or an empty one."""
    return value if isinstance(value, str) else ""
