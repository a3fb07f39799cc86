"""Parser of modals.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal
"""

from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.validation import components, fields
from emulation.discord.validation.fields import Field, Parser

TEXT_DISPLAY = 10
LABEL = 18
MAX_TITLE = 45
MAX_INPUTS = 5
MAX_TEXT = 4_000


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


_INPUTS = {kind: components.select(kind) for kind in components.SELECTS}
_INPUTS[components.TEXT_INPUT] = _text_input(False)
_LABEL = components.component(
    {
        "label": Field(fields.string(1, MAX_TITLE), required=True),
        "description": Field(fields.string(maximum=100)),
        "component": Field(components.by_type(_INPUTS), required=True),
    }
)
_TEXT_DISPLAY = components.component({"content": Field(fields.string(1, MAX_TEXT), required=True)})
_ROWS = {
    components.ACTION_ROW: components.action_row({components.TEXT_INPUT: _text_input(True)}),
    LABEL: _LABEL,
    TEXT_DISPLAY: _TEXT_DISPLAY,
}


def _modal_components(value: Any) -> list[Json]:
    rows: list[Json] = fields.list_of(components.by_type(_ROWS), 1, MAX_INPUTS)(value)
    # A label counts as a row with one input.
    components.check_custom_ids([{"components": list(components.leaves([row]))} for row in rows])
    return rows


modal = fields.model(
    {
        "custom_id": Field(components.custom_id, required=True),
        "title": Field(fields.string(1, MAX_TITLE), required=True),
        "components": Field(_modal_components, required=True),
    }
)
"""Parser of the `data` of a response that opens a modal."""
