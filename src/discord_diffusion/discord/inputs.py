"""The inputs of a form, each in a label.

https://docs.discord.com/developers/components/reference#label
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from discord_diffusion.discord.layout import Component

INPUT_LENGTH = 4000
"""The most characters of a text input; counted in UTF-16 units, as Discord's clients count."""
CHOSEN = 25
"""The most values of a select."""
_STRING_SELECT = 3
_TEXT_INPUT = 4
_LABEL = 18
_FILE_UPLOAD = 19
_RADIO_GROUP = 21
_CHECKBOX = 23
_SHORT, _PARAGRAPH = 1, 2


class Select(IntEnum):
    """Selects of what a server has."""

    ROLE = 6
    CHANNEL = 8


def label(title: str, component: Component, description: str = "") -> Component:
    """An input below its name (at most 45 characters) and a description (100)."""
    found: Component = {"type": _LABEL, "label": title, "component": component}
    return found | ({"description": description} if description else {})


def text_input(
    name: str,
    value: str,
    *,
    paragraph: bool = False,
    required: bool = False,
    longest: int = INPUT_LENGTH,
) -> Component:
    """An input for a text of one line, or of a paragraph."""
    found: Component = {
        "type": _TEXT_INPUT,
        "custom_id": name,
        "style": _PARAGRAPH if paragraph else _SHORT,
        "required": required,
        "max_length": longest,
    }
    return found | ({"value": value} if value else {})


def optional_select(kind: Select, name: str, ids: Sequence[str]) -> Component:
    """A select of up to 25 roles or channels, of which `ids` are chosen; it may be left empty."""
    found: Component = {
        "type": int(kind),
        "custom_id": name,
        "required": False,
        "min_values": 0,
        "max_values": CHOSEN,
    }
    defaults = [{"id": one, "type": kind.name.lower()} for one in ids[:CHOSEN]]
    return found | ({"default_values": defaults} if defaults else {})


def optional_choice(name: str, options: Mapping[str, str], chosen: str | None) -> Component:
    """A select of one of up to 25 values, given with their names; it may be left empty."""
    listed = [
        {"value": value, "label": shown, "default": value == chosen}
        for value, shown in options.items()
    ]
    found: Component = {"type": _STRING_SELECT, "custom_id": name, "options": listed}
    return found | {"required": False, "min_values": 0, "max_values": 1}


def radio_group(name: str, options: Mapping[str, str], chosen: str) -> Component:
    """Two to ten values with their names, of which one is chosen."""
    listed: list[dict[str, Any]] = [
        {"value": value, "label": shown, "default": value == chosen}
        for value, shown in options.items()
    ]
    return {"type": _RADIO_GROUP, "custom_id": name, "options": listed}


def checkbox(name: str, *, checked: bool) -> Component:
    """A single yes or no."""
    return {"type": _CHECKBOX, "custom_id": name, "default": checked}


def file_upload(name: str, file_types: Sequence[str], *, required: bool = True) -> Component:
    """One file; Discord compares only its name with the types."""
    found: Component = {"type": _FILE_UPLOAD, "custom_id": name, "file_types": list(file_types)}
    # No fewer than one is Discord's default.
    return found if required else found | {"required": False, "min_values": 0}
