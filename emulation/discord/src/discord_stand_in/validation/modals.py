"""Parsers of modals.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal
and https://docs.discord.com/developers/components/reference
"""

from collections.abc import Mapping
from typing import Any

from discord_stand_in.component_tree import (
    ACTION_ROW,
    CHECKBOX,
    CHECKBOX_GROUP,
    FILE_UPLOAD,
    LABEL,
    RADIO_GROUP,
    SELECTS,
    TEXT_DISPLAY,
    TEXT_INPUT,
)
from discord_stand_in.json_types import Json
from discord_stand_in.validation import components, fields
from discord_stand_in.validation.fields import Field, Parser
from discord_stand_in.validation.files import file_types
from discord_stand_in.validation.layout import text_display

MAX_TITLE = 45
MAX_INPUTS = 5
MAX_TEXT = 4_000
MAX_GROUP_OPTIONS = 10
MAX_FILES = 10


def _check_lengths(value: Json) -> None:
    if value.get("min_length", 0) > value.get("max_length", MAX_TEXT):
        message = "min_length must be less than or equal to max_length"
        raise fields.invalid("TEXT_INPUT_COMPONENT_MIN_LENGTH_TOO_LARGE", message, "min_length")


def _text_input(label_required: bool) -> Parser:
    """A text input; inside a Label component it needs no label of its own."""
    return components.component(
        {
            "custom_id": Field(components.custom_id, required=True),
            "style": Field(fields.one_of((1, 2), fields.integer()), required=True),
            "label": Field(fields.string(1, MAX_TITLE), required=label_required),
            "min_length": Field(fields.integer(0, MAX_TEXT)),
            "max_length": Field(fields.integer(1, MAX_TEXT)),
            "required": Field(fields.boolean),
            "value": Field(fields.string(maximum=MAX_TEXT)),
            "placeholder": Field(fields.string(maximum=100)),
        },
        _check_lengths,
    )


def _check_choice(value: Json) -> None:
    """Check the rules of components in which values are chosen."""
    if value.get("required", True) and value.get("min_values") == 0:
        text = "min_values must be at least 1 for a required component"
        raise fields.invalid("COMPONENT_REQUIRED_MIN_VALUES_INVALID", text, "min_values")
    if value.get("disabled"):
        text = "Components in modals cannot be disabled"
        raise fields.invalid("MODAL_COMPONENT_DISABLED", text, "disabled")
    if value.get("min_values", 1) > value.get("max_values", MAX_GROUP_OPTIONS):
        text = "min_values must be less than or equal to max_values"
        raise fields.invalid("SELECT_COMPONENT_MIN_VALUES_TOO_LARGE", text, "min_values")


def _input(schema: Mapping[str, Field]) -> Parser:
    common = {
        "custom_id": Field(components.custom_id, required=True),
        "required": Field(fields.boolean),
    }
    return components.component({**common, **schema}, _check_choice)


def _select(kind: int) -> Parser:
    """A parser of select menus; a modal has rules for them that a message has not."""
    parse_select = components.select(kind)

    def parse(value: Any) -> Json:
        parsed: Json = parse_select(value)
        if parsed.get("required", True) or "min_values" in parsed:
            _check_choice(parsed | {"max_values": parsed.get("max_values", 25)})
        return parsed

    return parse


def _group_options(minimum: int) -> Field:
    """The options of a radio or checkbox group; each has a value of its own."""
    option = fields.model(
        {
            "value": Field(fields.string(1, 100), required=True),
            "label": Field(fields.string(1, 100), required=True),
            "description": Field(fields.string(maximum=100)),
            "default": Field(fields.boolean),
        }
    )
    parse_options = fields.list_of(option, minimum, MAX_GROUP_OPTIONS)

    def parse(value: Any) -> list[Json]:
        parsed: list[Json] = parse_options(value)
        message = "The specified option value is already used"
        duplicate = fields.invalid("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message, "value")
        fields.check_unique((option["value"] for option in parsed), duplicate)
        return parsed

    return Field(parse, required=True)


_INPUTS: dict[int, Parser] = {
    **{kind: _select(kind) for kind in SELECTS},
    TEXT_INPUT: _text_input(False),
    FILE_UPLOAD: _input(
        {
            "min_values": Field(fields.integer(0, MAX_FILES)),
            "max_values": Field(fields.integer(1, MAX_FILES)),
            "file_types": Field(file_types),
        }
    ),
    RADIO_GROUP: _input({"options": _group_options(2)}),
    CHECKBOX_GROUP: _input(
        {
            "options": _group_options(1),
            "min_values": Field(fields.integer(0, MAX_GROUP_OPTIONS)),
            "max_values": Field(fields.integer(1, MAX_GROUP_OPTIONS)),
        }
    ),
    CHECKBOX: components.component(
        {
            "custom_id": Field(components.custom_id, required=True),
            "default": Field(fields.boolean),
        }
    ),
}
_LABEL = components.component(
    {
        "label": Field(fields.string(1, MAX_TITLE), required=True),
        "description": Field(fields.string(maximum=100)),
        "component": Field(components.by_type(_INPUTS), required=True),
    }
)
_TOP_LEVEL = {
    ACTION_ROW: components.action_row({TEXT_INPUT: _text_input(True)}),
    LABEL: _LABEL,
    TEXT_DISPLAY: text_display,
}


def _modal_components(value: Any) -> list[Json]:
    parsed: list[Json] = fields.list_of(components.by_type(_TOP_LEVEL), 1, MAX_INPUTS)(value)
    components.check_custom_ids(parsed)
    components.assign_ids(parsed)
    return parsed


modal = fields.model(
    {
        "custom_id": Field(components.custom_id, required=True),
        "title": Field(fields.string(1, MAX_TITLE), required=True),
        "components": Field(_modal_components, required=True),
    }
)
"""Parser of the `data` of a response that opens a modal."""
