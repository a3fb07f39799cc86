"""Parsers of the components of messages with the flag IS_COMPONENTS_V2.

Contract: https://docs.discord.com/developers/components/reference. Codes and texts that it does not
state are those that clients of Discord report, each with the address of a report.
"""

from collections.abc import Mapping
from typing import Any

from discord_stand_in.component_tree import (
    ACTION_ROW,
    BUTTON,
    CONTAINER,
    FILE,
    MEDIA_GALLERY,
    SECTION,
    SEPARATOR,
    TEXT_DISPLAY,
    THUMBNAIL,
    texts,
    walk,
)
from discord_stand_in.json_types import Json
from discord_stand_in.validation import components, fields
from discord_stand_in.validation.components import by_type, component
from discord_stand_in.validation.fields import Field

MAX_COMPONENTS = 40
MAX_TEXT = 4_000
"""Characters of all text displays of a message together.
https://github.com/discord/discord-api-docs/pull/8562"""
MAX_DESCRIPTION = 1_024

_MEDIA = fields.model(
    {"url": Field(fields.url(("http", "https", "attachment")), required=True)},
)
_FILE_REFERENCE = fields.model({"url": Field(fields.url(("attachment",)), required=True)})
_SPOILER = {"spoiler": Field(fields.boolean)}
_MEDIA_FIELDS: Mapping[str, Field] = {
    "media": Field(_MEDIA, required=True),
    "description": Field(fields.string(maximum=MAX_DESCRIPTION), nullable=True),
    **_SPOILER,
}

text_display = component({"content": Field(fields.string(1, MAX_TEXT), required=True)})
"""Parser of text displays, which modals have too."""
_ACCESSORY = by_type({BUTTON: components.button, THUMBNAIL: component(_MEDIA_FIELDS)})
_SECTION_TEXTS = fields.list_of(by_type({TEXT_DISPLAY: text_display}), 1, 3)
_CONTAINED = {
    ACTION_ROW: components.message_action_row,
    SECTION: component(
        {
            "components": Field(_SECTION_TEXTS, required=True),
            "accessory": Field(_ACCESSORY, required=True),
        }
    ),
    TEXT_DISPLAY: text_display,
    MEDIA_GALLERY: component(
        {"items": Field(fields.list_of(fields.model(_MEDIA_FIELDS), 1, 10), required=True)}
    ),
    FILE: component({"file": Field(_FILE_REFERENCE, required=True), **_SPOILER}),
    SEPARATOR: component(
        {
            "divider": Field(fields.boolean),
            "spacing": Field(fields.one_of((1, 2), fields.integer())),
        }
    ),
}
_CONTAINER = component(
    {
        "components": Field(fields.list_of(by_type(_CONTAINED), 1), required=True),
        "accent_color": Field(fields.integer(0, 0xFFFFFF), nullable=True),
        **_SPOILER,
    }
)
_TOP_LEVEL = fields.list_of(by_type({**_CONTAINED, CONTAINER: _CONTAINER}))


def layout_components(value: Any) -> list[Json]:
    """Parse the components of a message with the flag IS_COMPONENTS_V2."""
    parsed: list[Json] = _TOP_LEVEL(value)
    if sum(1 for _ in walk(parsed)) > MAX_COMPONENTS:
        text = f"Total number of components cannot exceed {MAX_COMPONENTS}"
        raise fields.invalid("COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    if sum(map(len, texts(parsed))) > MAX_TEXT:
        text = f"Components displayable text size exceeds maximum size of {MAX_TEXT}"
        raise fields.invalid("COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)
    components.check_custom_ids(parsed)
    components.assign_ids(parsed)
    return parsed
