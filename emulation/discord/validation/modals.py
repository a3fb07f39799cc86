"""Parser of modals.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal
"""

from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.validation.components import (
    ACTION_ROW,
    COMPONENT_ID,
    SELECTS,
    TEXT_INPUT,
    action_row,
    by_type,
    check_custom_ids,
    custom_id,
    leaves,
    select,
)
from emulation.discord.validation.fields import (
    Field,
    Parser,
    boolean,
    integer,
    invalid,
    list_of,
    model,
    one_of,
    string,
)

TEXT_DISPLAY = 10
LABEL = 18
MAX_TITLE = 45
MAX_INPUTS = 5
MAX_TEXT = 4_000


def _check_lengths(value: Json) -> None:
    if value.get("min_length", 0) > value.get("max_length", MAX_TEXT):
        message = "min_length must be less than or equal to max_length"
        raise invalid("TEXT_INPUT_COMPONENT_MIN_LENGTH_TOO_LARGE", message, "min_length")


def _text_input(label_required: bool) -> Parser:
    """A text input; inside a Label component it needs no label of its own."""
    return model(
        {
            "type": Field(integer(), required=True),
            "id": COMPONENT_ID,
            "custom_id": Field(custom_id, required=True),
            "style": Field(one_of((1, 2), integer()), required=True),
            "label": Field(string(1, MAX_TITLE), required=label_required),
            "min_length": Field(integer(0, MAX_TEXT)),
            "max_length": Field(integer(1, MAX_TEXT)),
            "required": Field(boolean),
            "value": Field(string(maximum=MAX_TEXT)),
            "placeholder": Field(string(maximum=100)),
        },
        _check_lengths,
    )


_LABELLED = {TEXT_INPUT: _text_input(False)} | {kind: select(kind) for kind in SELECTS}
_LABEL = model(
    {
        "type": Field(integer(), required=True),
        "id": COMPONENT_ID,
        "label": Field(string(1, MAX_TITLE), required=True),
        "description": Field(string(maximum=100)),
        "component": Field(by_type(_LABELLED), required=True),
    }
)
_TEXT_DISPLAY = model(
    {
        "type": Field(integer(), required=True),
        "id": COMPONENT_ID,
        "content": Field(string(1, MAX_TEXT), required=True),
    }
)
_ROWS = {
    ACTION_ROW: action_row({TEXT_INPUT: _text_input(True)}),
    LABEL: _LABEL,
    TEXT_DISPLAY: _TEXT_DISPLAY,
}


def _modal_components(value: Any) -> list[Json]:
    rows: list[Json] = list_of(by_type(_ROWS), 1, MAX_INPUTS)(value)
    check_custom_ids(
        [row if "components" in row else {"components": list(leaves([row]))} for row in rows]
    )
    return rows


modal = model(
    {
        "custom_id": Field(custom_id, required=True),
        "title": Field(string(1, MAX_TITLE), required=True),
        "components": Field(_modal_components, required=True),
    }
)
"""Parser of the `data` of a response that opens a modal."""
