"""Message components and their limits.

Contract: https://docs.discord.com/developers/components/reference
"""

import itertools
from collections.abc import Iterator
from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.validation.fields import (
    Check,
    Field,
    FieldError,
    Parser,
    boolean,
    fault,
    integer,
    list_of,
    model,
    one_of,
    required,
    snowflake,
    string,
    url,
)

ACTION_ROW = 1
BUTTON = 2
STRING_SELECT = 3
TEXT_INPUT = 4
USER_SELECT = 5
ROLE_SELECT = 6
MENTIONABLE_SELECT = 7
CHANNEL_SELECT = 8

SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
LINK = 5
PREMIUM = 6

ROWS = 5
BUTTONS_IN_A_ROW = 5
CUSTOM_ID = 100
BUTTON_LABEL = 80
SELECT_OPTIONS = 25
PLACEHOLDER = 150

_DEFAULT_KINDS = {
    USER_SELECT: ("user",),
    ROLE_SELECT: ("role",),
    MENTIONABLE_SELECT: ("user", "role"),
    CHANNEL_SELECT: ("channel",),
}

custom_id = string(1, CUSTOM_ID)
number_field = Field(integer(0, 2**31 - 1))

_EMOJI = model(
    {
        "id": Field(snowflake, nullable=True),
        "name": Field(string(maximum=100), nullable=True),
        "animated": Field(boolean),
    }
)


def _button_rules(button: Json) -> None:
    style = button["style"]
    if style == PREMIUM:
        if "sku_id" not in button:
            raise required("sku_id")
        return
    if not button.get("label") and not button.get("emoji"):
        message = "A button must have a label or an emoji."
        raise fault("BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", message)
    if style == LINK:
        if "url" not in button:
            raise required("url")
        if "custom_id" in button:
            message = "A custom id and url cannot both be specified"
            raise fault("BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message, "custom_id")
        return
    if "custom_id" not in button:
        raise required("custom_id")
    if "url" in button:
        message = "A custom id and url cannot both be specified"
        raise fault("BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message, "url")


_BUTTON = model(
    {
        "type": Field(integer(), required=True),
        "id": number_field,
        "style": Field(one_of(range(1, 7), integer()), required=True),
        "label": Field(string(maximum=BUTTON_LABEL)),
        "emoji": Field(_EMOJI),
        "custom_id": Field(custom_id),
        "url": Field(url(("http", "https", "discord"), maximum=512)),
        "sku_id": Field(snowflake),
        "disabled": Field(boolean),
    },
    _button_rules,
)

_OPTION = model(
    {
        "label": Field(string(1, 100), required=True),
        "value": Field(string(1, 100), required=True),
        "description": Field(string(maximum=100)),
        "emoji": Field(_EMOJI),
        "default": Field(boolean),
    }
)


def _unique_values(options: list[Json]) -> None:
    seen: set[str] = set()
    for position, option in enumerate(options):
        if option["value"] in seen:
            message = "The specified option value is already used"
            raise fault("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message, str(position), "value")
        seen.add(option["value"])


def _select_options(value: Any) -> list[Json]:
    parsed: list[Json] = list_of(_OPTION, 1, SELECT_OPTIONS)(value)
    _unique_values(parsed)
    return parsed


def _select_rules(select: Json) -> None:
    lowest, highest = select.get("min_values", 1), select.get("max_values", 1)
    if lowest > highest:
        message = "min_values must be less than or equal to max_values"
        raise fault("SELECT_COMPONENT_MIN_VALUES_TOO_LARGE", message, "min_values")
    options = select.get("options")
    if options is not None and highest > len(options):
        message = f"max_values must be less than or equal to {len(options)}"
        raise fault("SELECT_COMPONENT_MAX_VALUES_TOO_LARGE", message, "max_values")


def select(kind: int) -> Parser:
    fields = {
        "type": Field(integer(), required=True),
        "id": number_field,
        "custom_id": Field(custom_id, required=True),
        "placeholder": Field(string(maximum=PLACEHOLDER)),
        "min_values": Field(integer(0, SELECT_OPTIONS)),
        "max_values": Field(integer(1, SELECT_OPTIONS)),
        "disabled": Field(boolean),
        "required": Field(boolean),
    }
    if kind == STRING_SELECT:
        fields["options"] = Field(_select_options, required=True)
    else:
        default = model(
            {
                "id": Field(snowflake, required=True),
                "type": Field(one_of(_DEFAULT_KINDS[kind], string()), required=True),
            }
        )
        fields["default_values"] = Field(list_of(default, maximum=SELECT_OPTIONS))
    if kind == CHANNEL_SELECT:
        fields["channel_types"] = Field(list_of(integer(0, 16)))
    return model(fields, _select_rules)


def by_type(parsers: dict[int, Parser]) -> Parser:
    """A component, parsed by what its `type` says it is."""

    def parse(value: Any) -> Json:
        if not isinstance(value, dict):
            raise fault("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        if value.get("type") is None:
            raise required("type")
        try:
            kind = integer()(value["type"])
        except FieldError as error:
            raise FieldError({"type": error.tree}) from error
        if kind not in parsers:
            message = "The specified component type is invalid in this context"
            raise fault("COMPONENT_TYPE_INVALID", message, "type")
        parsed: Json = parsers[kind](value)
        parsed["type"] = kind
        return parsed

    return parse


_WIDTHS = {BUTTON: 1, TEXT_INPUT: BUTTONS_IN_A_ROW} | dict.fromkeys(SELECTS, BUTTONS_IN_A_ROW)


def _width(row: Json) -> None:
    """A row is five buttons wide; a select menu or a text input fills it."""
    taken = 0
    for position, component in enumerate(row["components"]):
        taken += _WIDTHS[component["type"]]
        if taken > BUTTONS_IN_A_ROW:
            message = "The specified component exceeds the maximum width"
            raise fault("COMPONENT_LAYOUT_WIDTH_EXCEEDED", message, "components", str(position))


def row_of(children: dict[int, Parser], *checks: Check) -> Parser:
    return model(
        {
            "type": Field(integer(), required=True),
            "id": number_field,
            "components": Field(list_of(by_type(children), 1, BUTTONS_IN_A_ROW), required=True),
        },
        _width,
        *checks,
    )


def leaves(components: list[Json]) -> Iterator[Json]:
    """Every component that holds no other."""
    for component in components:
        if "components" in component:
            yield from leaves(component["components"])
        elif "component" in component:
            yield from leaves([component["component"]])
        else:
            yield component


def unique(rows: list[Json], child_key: str = "components") -> None:
    """Refuse a custom_id that another component of the message has."""
    seen: set[str] = set()
    for row, outer in enumerate(rows):
        children = outer.get(child_key, [])
        for position, component in enumerate(children):
            name = component.get("custom_id")
            if name is not None and name in seen:
                message = "Component custom id cannot be duplicated"
                path = (str(row), child_key, str(position), "custom_id")
                raise fault("COMPONENT_CUSTOM_ID_DUPLICATED", message, *path)
            if name is not None:
                seen.add(name)


_CHILDREN = {BUTTON: _BUTTON} | {kind: select(kind) for kind in SELECTS}
_MESSAGE_ROWS = list_of(by_type({ACTION_ROW: row_of(_CHILDREN)}), maximum=ROWS)


def message_components(value: Any) -> list[Json]:
    """Parser of a message's components: rows of buttons or of one select menu."""
    rows: list[Json] = _MESSAGE_ROWS(value)
    unique(rows)
    _number_all(rows)
    return rows


def _number_all(rows: list[Json]) -> None:
    """Give every component that has none an id, in order, as Discord does."""
    everything = [one for row in rows for one in (row, *row["components"])]
    taken = {one["id"] for one in everything if one.get("id")}
    free = (number for number in itertools.count(1) if number not in taken)
    for component in everything:
        if not component.get("id"):
            component["id"] = next(free)
