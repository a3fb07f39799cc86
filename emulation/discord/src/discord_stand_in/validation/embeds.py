"""Parser of embeds.

Contract: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

import re
from typing import Any

from discord_stand_in.json_types import Json
from discord_stand_in.validation import fields
from discord_stand_in.validation.fields import Field

_MAX_CHARACTERS = 6_000
"""Of all embeds of a message together."""
_VISIBLE_FIELDS = ("title", "description", "footer", "image", "thumbnail", "author", "fields")
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_ADDRESS = fields.url()
_IMAGE_ADDRESS = fields.url(("http", "https", "attachment"))


def _timestamp(value: Any) -> str:
    if not isinstance(value, str) or _ISO_8601.fullmatch(value) is None:
        message = f'Could not parse "{str(value)[:100]}". Should be ISO8601.'
        raise fields.invalid("DATE_TIME_TYPE_PARSE", message)
    return value


_IMAGE = fields.model({"url": Field(_IMAGE_ADDRESS, required=True)})
_FOOTER = fields.model(
    {"text": Field(fields.string(1, 2_048), required=True), "icon_url": Field(_IMAGE_ADDRESS)}
)
_AUTHOR = fields.model(
    {
        "name": Field(fields.string(1, 256), required=True),
        "url": Field(_ADDRESS),
        "icon_url": Field(_IMAGE_ADDRESS),
    }
)
_FIELD = fields.model(
    {
        "name": Field(fields.string(1, 256), required=True),
        "value": Field(fields.string(1, 1_024), required=True),
        "inline": Field(fields.boolean),
    }
)
_EMBED = fields.model(
    {
        "title": Field(fields.string(maximum=256)),
        "type": Field(fields.string()),
        "description": Field(fields.string(maximum=4_096)),
        "url": Field(_ADDRESS),
        "timestamp": Field(_timestamp),
        "color": Field(fields.integer(0, 0xFFFFFF)),
        "footer": Field(_FOOTER),
        "image": Field(_IMAGE),
        "thumbnail": Field(_IMAGE),
        "author": Field(_AUTHOR),
        "fields": Field(fields.list_of(_FIELD, maximum=25)),
    }
)


def size(embed: Json) -> int:
    """How much of the 6,000 characters an embed takes."""
    texts = [
        embed.get("title", ""),
        embed.get("description", ""),
        embed.get("footer", {}).get("text", ""),
        embed.get("author", {}).get("name", ""),
    ]
    for field in embed.get("fields", []):
        texts += [field["name"], field["value"]]
    return sum(len(text) for text in texts)


def embeds(value: Any) -> list[Json]:
    """Parse the embeds of a message."""
    parsed: list[Json] = fields.list_of(_EMBED, maximum=10)(value)
    if sum(size(embed) for embed in parsed) > _MAX_CHARACTERS:
        message = f"Embed size exceeds maximum size of {_MAX_CHARACTERS}"
        raise fields.invalid("MAX_EMBED_SIZE_EXCEEDED", message)
    for position, embed in enumerate(parsed):
        if not any(embed.get(key) for key in _VISIBLE_FIELDS):
            raise fields.missing(str(position), "description")
        embed["type"] = "rich"
    return parsed
