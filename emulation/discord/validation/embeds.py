"""Embeds and their limits.

Contract: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

import re
from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.validation.fields import (
    Field,
    Parser,
    boolean,
    fault,
    integer,
    list_of,
    model,
    required,
    string,
    url,
)

TITLE = 256
DESCRIPTION = 4_096
FIELDS = 25
FIELD_NAME = 256
FIELD_VALUE = 1_024
FOOTER = 2_048
AUTHOR = 256
EMBEDS = 10
TOTAL = 6_000

_SHOWN = ("title", "description", "footer", "image", "thumbnail", "author", "fields")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_WEB = url()
_PICTURE = url(("http", "https", "attachment"))


def _time(value: Any) -> str:
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        message = f'Could not parse "{str(value)[:100]}". Should be ISO8601.'
        raise fault("DATE_TIME_TYPE_PARSE", message)
    return value


def _media() -> Parser:
    return model({"url": Field(_PICTURE, required=True)})


_EMBED = model(
    {
        "title": Field(string(maximum=TITLE)),
        "type": Field(string()),
        "description": Field(string(maximum=DESCRIPTION)),
        "url": Field(_WEB),
        "timestamp": Field(_time),
        "color": Field(integer(0, 0xFFFFFF)),
        "footer": Field(
            model({"text": Field(string(1, FOOTER), required=True), "icon_url": Field(_PICTURE)})
        ),
        "image": Field(_media()),
        "thumbnail": Field(_media()),
        "author": Field(
            model(
                {
                    "name": Field(string(1, AUTHOR), required=True),
                    "url": Field(_WEB),
                    "icon_url": Field(_PICTURE),
                }
            )
        ),
        "fields": Field(
            list_of(
                model(
                    {
                        "name": Field(string(1, FIELD_NAME), required=True),
                        "value": Field(string(1, FIELD_VALUE), required=True),
                        "inline": Field(boolean),
                    }
                ),
                maximum=FIELDS,
            )
        ),
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
    """Parser of a message's embeds."""
    parsed: list[Json] = list_of(_EMBED, maximum=EMBEDS)(value)
    if sum(size(embed) for embed in parsed) > TOTAL:
        raise fault("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {TOTAL}")
    for position, embed in enumerate(parsed):
        if not any(embed.get(key) for key in _SHOWN):
            raise required(str(position), "description")
        embed["type"] = "rich"
    return parsed
