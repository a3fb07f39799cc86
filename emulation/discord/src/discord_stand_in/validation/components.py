"""Parsers of buttons, select menus and action rows, and what all components have in common.

Contract: https://docs.discord.com/developers/components/reference
"""

import itertools
from collections.abc import Mapping
from typing import Any

from discord_stand_in.component_tree import (
    ACTION_ROW,
    BUTTON,
    CHANNEL_SELECT,
    MENTIONABLE_SELECT,
    ROLE_SELECT,
    SELECTS,
    STRING_SELECT,
    TEXT_INPUT,
    USER_SELECT,
    walk,
)
from discord_stand_in.json_types import Json
from discord_stand_in.validation import fields
from discord_stand_in.validation.fields import Check, Field, Parser

LINK = 5
PREMIUM = 6

ROW_WIDTH = 5
"""In buttons."""
MAX_SELECT_OPTIONS = 25

_DEFAULT_VALUE_TYPES = {
    USER_SELECT: ("user",),
    ROLE_SELECT: ("role",),
    MENTIONABLE_SELECT: ("user", "role"),
    CHANNEL_SELECT: ("channel",),
}

custom_id = fields.string(1, 100)


def component(schema: Mapping[str, Field], *checks: Check) -> Parser:
    """A parser of a component: its own fields beside `type` and `id`."""
    common = {
        "type": Field(fields.integer(), required=True),
        "id": Field(fields.integer(0, 2**31 - 1)),
    }
    return fields.model({**common, **schema}, *checks)


_EMOJI = fields.model(
    {
        "id": Field(fields.snowflake, nullable=True),
        "name": Field(fields.string(maximum=100), nullable=True),
        "animated": Field(fields.boolean),
    }
)


def _check_button(value: Json) -> None:
    """Check that a button has what its style needs, and a custom id or an address, never both."""
    style = value["style"]
    if style == PREMIUM:
        if "sku_id" not in value:
            raise fields.missing("sku_id")
        return
    if not value.get("label") and not value.get("emoji"):
        message = "A button must have a label or an emoji."
        raise fields.invalid("BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", message)
    needed, refused = ("url", "custom_id") if style == LINK else ("custom_id", "url")
    if needed not in value:
        raise fields.missing(needed)
    if refused in value:
        message = "A custom id and url cannot both be specified"
        raise fields.invalid("BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message, refused)


button = component(
    {
        "style": Field(fields.one_of(range(1, 7), fields.integer()), required=True),
        "label": Field(fields.string(maximum=80)),
        "emoji": Field(_EMOJI),
        "custom_id": Field(custom_id),
        "url": Field(fields.url(("http", "https", "discord"), maximum=512)),
        "sku_id": Field(fields.snowflake),
        "disabled": Field(fields.boolean),
    },
    _check_button,
)
"""Parser of buttons."""

_OPTION = fields.model(
    {
        "label": Field(fields.string(1, 100), required=True),
        "value": Field(fields.string(1, 100), required=True),
        "description": Field(fields.string(maximum=100)),
        "emoji": Field(_EMOJI),
        "default": Field(fields.boolean),
    }
)


def _select_options(value: Any) -> list[Json]:
    """Parse the options of a string select; each has a value of its own."""
    parsed: list[Json] = fields.list_of(_OPTION, 1, MAX_SELECT_OPTIONS)(value)
    message = "The specified option value is already used"
    duplicate = fields.invalid("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message, "value")
    fields.check_unique((option["value"] for option in parsed), duplicate)
    return parsed


def _check_select(select: Json) -> None:
    lowest, highest = select.get("min_values", 1), select.get("max_values", 1)
    if lowest > highest:
        message = "min_values must be less than or equal to max_values"
        raise fields.invalid("SELECT_COMPONENT_MIN_VALUES_TOO_LARGE", message, "min_values")
    options = select.get("options")
    if options is not None and highest > len(options):
        message = f"max_values must be less than or equal to {len(options)}"
        raise fields.invalid("SELECT_COMPONENT_MAX_VALUES_TOO_LARGE", message, "max_values")


def select(component_type: int) -> Parser:
    """A parser of the select menus of a type."""
    schema = {
        "custom_id": Field(custom_id, required=True),
        "placeholder": Field(fields.string(maximum=150)),
        "min_values": Field(fields.integer(0, MAX_SELECT_OPTIONS)),
        "max_values": Field(fields.integer(1, MAX_SELECT_OPTIONS)),
        "disabled": Field(fields.boolean),
        "required": Field(fields.boolean),
    }
    if component_type == STRING_SELECT:
        schema["options"] = Field(_select_options, required=True)
    else:
        default_type = fields.one_of(_DEFAULT_VALUE_TYPES[component_type], fields.string())
        default_id = Field(fields.snowflake, required=True)
        default = fields.model({"id": default_id, "type": Field(default_type, required=True)})
        schema["default_values"] = Field(fields.list_of(default, maximum=MAX_SELECT_OPTIONS))
    if component_type == CHANNEL_SELECT:
        schema["channel_types"] = Field(fields.list_of(fields.integer(0, 16)))
    return component(schema, _check_select)


def by_type(parsers: dict[int, Parser]) -> Parser:
    """A parser that hands a component to the parser of its `type`."""
    parse_type = fields.model({"type": Field(fields.integer(), required=True)})

    def parse(value: Any) -> Json:
        component_type: int = parse_type(value)["type"]
        if component_type not in parsers:
            # Seen at https://github.com/NetCordDev/NetCord/issues/151
            allowed = ", ".join(map(str, sorted(parsers))) + ("," if len(parsers) == 1 else "")
            message = f'Value of field "type" must be one of ({allowed}).'
            raise fields.invalid("UNION_TYPE_CHOICES", message)
        parsed: Json = parsers[component_type](value)
        return parsed | {"type": component_type}

    return parse


_WIDTHS = {BUTTON: 1, TEXT_INPUT: ROW_WIDTH} | dict.fromkeys(SELECTS, ROW_WIDTH)


def _check_width(row: Json) -> None:
    """A row is five buttons wide; a select menu or a text input fills it."""
    taken = 0
    for position, component in enumerate(row["components"]):
        taken += _WIDTHS[component["type"]]
        if taken > ROW_WIDTH:
            message = "The specified component exceeds the maximum width"
            raise fields.invalid(
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message, "components", str(position)
            )


def action_row(children: dict[int, Parser]) -> Parser:
    """A parser of action rows; `children` are the parsers of what may be in one, by type."""
    components = fields.list_of(by_type(children), 1, ROW_WIDTH)
    schema = {"components": Field(components, required=True)}
    return component(schema, _check_width)


def check_custom_ids(components: list[Json]) -> None:
    """Refuse a custom id that another component has."""
    seen: set[str] = set()
    for path, component in walk(components):
        name = component.get("custom_id")
        if name is not None and name in seen:
            message = "Component custom id cannot be duplicated"
            raise fields.invalid("COMPONENT_CUSTOM_ID_DUPLICATED", message, *path, "custom_id")
        if name is not None:
            seen.add(name)


def assign_ids(components: list[Json]) -> None:
    """Give every component that has none an id, in order, as Discord does."""
    all_components = [component for _, component in walk(components)]
    taken = {component["id"] for component in all_components if component.get("id")}
    free = (number for number in itertools.count(1) if number not in taken)
    for component in all_components:
        if not component.get("id"):
            component["id"] = next(free)


message_action_row = action_row({BUTTON: button} | {kind: select(kind) for kind in SELECTS})
"""Parser of an action row of a message: buttons, or one select menu."""
_LEGACY = fields.list_of(by_type({ACTION_ROW: message_action_row}), maximum=5)


def legacy_components(value: Any) -> list[Json]:
    """Parse the components of a message without the flag IS_COMPONENTS_V2: up to five rows."""
    rows: list[Json] = _LEGACY(value)
    check_custom_ids(rows)
    assign_ids(rows)
    return rows
