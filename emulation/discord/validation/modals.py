"""Modals and their limits.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal
"""

from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.validation.components import (
    ACTION_ROW,
    SELECTS,
    TEXT_INPUT,
    by_type,
    custom_id,
    leaves,
    number_field,
    row_of,
    select,
    unique,
)
from emulation.discord.validation.fields import (
    Field,
    Parser,
    boolean,
    fault,
    integer,
    list_of,
    model,
    one_of,
    string,
)

TEXT_DISPLAY = 10
LABEL = 18
TITLE = 45
INPUTS = 5
TEXT = 4_000


def _text_lengths(value: Json) -> None:
    if value.get("min_length", 0) > value.get("max_length", TEXT):
        message = "min_length must be less than or equal to max_length"
        raise fault("TEXT_INPUT_COMPONENT_MIN_LENGTH_TOO_LARGE", message, "min_length")


def _text_input(label_required: bool) -> Parser:
    """A text input; inside a Label component it needs no label of its own."""
    return model(
        {
            "type": Field(integer(), required=True),
            "id": number_field,
            "custom_id": Field(custom_id, required=True),
            "style": Field(one_of((1, 2), integer()), required=True),
            "label": Field(string(1, TITLE), required=label_required),
            "min_length": Field(integer(0, TEXT)),
            "max_length": Field(integer(1, TEXT)),
            "required": Field(boolean),
            "value": Field(string(maximum=TEXT)),
            "placeholder": Field(string(maximum=100)),
        },
        _text_lengths,
    )


_LABEL = model(
    {
        "type": Field(integer(), required=True),
        "id": number_field,
        "label": Field(string(1, TITLE), required=True),
        "description": Field(string(maximum=100)),
        "component": Field(
            by_type({TEXT_INPUT: _text_input(False)} | {kind: select(kind) for kind in SELECTS}),
            required=True,
        ),
    }
)
_TEXT_DISPLAY = model(
    {
        "type": Field(integer(), required=True),
        "id": number_field,
        "content": Field(string(1, TEXT), required=True),
    }
)
_MODAL_ROWS = list_of(
    by_type(
        {
            ACTION_ROW: row_of({TEXT_INPUT: _text_input(True)}),
            LABEL: _LABEL,
            TEXT_DISPLAY: _TEXT_DISPLAY,
        }
    ),
    1,
    INPUTS,
)


def _modal_components(value: Any) -> list[Json]:
    rows: list[Json] = _MODAL_ROWS(value)
    unique([row if "components" in row else {"components": list(leaves([row]))} for row in rows])
    return rows


modal = model(
    {
        "custom_id": Field(custom_id, required=True),
        "title": Field(string(1, TITLE), required=True),
        "components": Field(_modal_components, required=True),
    }
)
"""Parser of the data of a modal."""
