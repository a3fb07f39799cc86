"""Parser of embeds.

Contract: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

import re
from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.validation.fields import (
    Field,
    boolean,
    integer,
    invalid,
    list_of,
    missing,
    model,
    string,
    url,
)

MAX_TITLE = 256
MAX_DESCRIPTION = 4_096
MAX_FIELDS = 25
MAX_FIELD_NAME = 256
MAX_FIELD_VALUE = 1_024
MAX_FOOTER = 2_048
MAX_AUTHOR = 256
MAX_EMBEDS = 10
MAX_CHARACTERS = 6_000

_VISIBLE_FIELDS = ("title", "description", "footer", "image", "thumbnail", "author", "fields")
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_ADDRESS = url()
_IMAGE_ADDRESS = url(("http", "https", "attachment"))


def _timestamp(value: Any) -> str:
    if not isinstance(value, str) or _ISO_8601.fullmatch(value) is None:
        message = f'Could not parse "{str(value)[:100]}". Should be ISO8601.'
        raise invalid("DATE_TIME_TYPE_PARSE", message)
    return value


_IMAGE = model({"url": Field(_IMAGE_ADDRESS, required=True)})
_FOOTER = model(
    {"text": Field(string(1, MAX_FOOTER), required=True), "icon_url": Field(_IMAGE_ADDRESS)}
)
_AUTHOR = model(
    {
        "name": Field(string(1, MAX_AUTHOR), required=True),
        "url": Field(_ADDRESS),
        "icon_url": Field(_IMAGE_ADDRESS),
    }
)
_FIELD = model(
    {
        "name": Field(string(1, MAX_FIELD_NAME), required=True),
        "value": Field(string(1, MAX_FIELD_VALUE), required=True),
        "inline": Field(boolean),
    }
)
_EMBED = model(
    {
        "title": Field(string(maximum=MAX_TITLE)),
        "type": Field(string()),
        "description": Field(string(maximum=MAX_DESCRIPTION)),
        "url": Field(_ADDRESS),
        "timestamp": Field(_timestamp),
        "color": Field(integer(0, 0xFFFFFF)),
        "footer": Field(_FOOTER),
        "image": Field(_IMAGE),
        "thumbnail": Field(_IMAGE),
        "author": Field(_AUTHOR),
        "fields": Field(list_of(_FIELD, maximum=MAX_FIELDS)),
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
    parsed: list[Json] = list_of(_EMBED, maximum=MAX_EMBEDS)(value)
    if sum(size(embed) for embed in parsed) > MAX_CHARACTERS:
        message = f"Embed size exceeds maximum size of {MAX_CHARACTERS}"
        raise invalid("MAX_EMBED_SIZE_EXCEEDED", message)
    for position, embed in enumerate(parsed):
        if not any(embed.get(key) for key in _VISIBLE_FIELDS):
            raise missing(str(position), "description")
        embed["type"] = "rich"
    return parsed
