"""The building blocks of a message of components alone: texts, pictures and rows in a container.

Why every message of ours is one: docs/decisions/1201.
https://docs.discord.com/developers/components/reference
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from discord_diffusion.texts.formatting import shorten, utf16_length

IS_COMPONENTS_V2 = 1 << 15
"""Flag of a message of components alone; it can be set by an edit, and never be taken back."""
TEXT_LENGTH = 3300
"""The most UTF-16 units of all texts of a message. Discord takes 4,000 characters, and fails with
status 500 above about 10,000 bytes of UTF-8 (https://github.com/discord/discord-api-docs/issues/8554);
a unit has at most three bytes."""

_ACTION_ROW = 1
_TEXT_DISPLAY = 10
_MEDIA_GALLERY = 12
_SEPARATOR = 14
_CONTAINER = 17

Component = dict[str, Any]
Components = list[Component]


class Accent(IntEnum):
    """The colour at the edge of a container, as RGB: what has become of a request."""

    WAITING = 0x5865F2
    DRAWING = 0xF2C14E
    DONE = 0x57F287
    FAILED = 0xED4245
    ENDED = 0x80848E


@dataclass(frozen=True)
class ShownPicture:
    """A file of the message that a gallery shows, with its alt text (at most 1,024 characters)."""

    filename: str
    description: str
    spoiler: bool = False


def text(content: str) -> Component:
    """A text with Discord's Markdown."""
    return {"type": _TEXT_DISPLAY, "content": content}


def gallery(pictures: Sequence[ShownPicture]) -> Component:
    """One to ten pictures."""
    items = [
        {
            "media": {"url": f"attachment://{picture.filename}"},
            "description": picture.description,
            "spoiler": picture.spoiler,
        }
        for picture in pictures
    ]
    return {"type": _MEDIA_GALLERY, "items": items}


def separator() -> Component:
    """A line between two parts."""
    return {"type": _SEPARATOR}


def row(buttons: Sequence[Component]) -> Component:
    """Up to five buttons."""
    return {"type": _ACTION_ROW, "components": list(buttons)}


def container(components: Iterable[Component], accent: Accent) -> Components:
    """The components of a message: one container, its texts within Discord's limit."""
    inner = [dict(component) for component in components]
    texts = [component for component in inner if component["type"] == _TEXT_DISPLAY]
    excess = sum(utf16_length(one["content"]) for one in texts) - TEXT_LENGTH
    if excess > 0:
        longest = max(texts, key=lambda one: utf16_length(one["content"]))
        length = utf16_length(longest["content"]) - excess
        longest["content"] = shorten(longest["content"], length)
    return [{"type": _CONTAINER, "accent_color": int(accent), "components": inner}]


def message_data(components: Components) -> dict[str, Any]:
    """The body of a new message; it mentions nobody."""
    return {
        "flags": IS_COMPONENTS_V2,
        "components": components,
        "allowed_mentions": {"parse": []},
    }


def edit_data(components: Components) -> dict[str, Any]:
    """The body of an edit; it mentions nobody.

    It also empties what a message of an older version of this program may have: a message with
    content or embeds could not become one of components alone.
    https://docs.discord.com/developers/resources/message#edit-message
    """
    return {**message_data(components), "content": None, "embeds": []}


def walk(components: object, depth: int = 6) -> Iterable[Mapping[str, Any]]:
    """Every component of what Discord sent, each before those that it holds; read leniently."""
    for component in components if isinstance(components, list) and depth else ():
        if not isinstance(component, Mapping):
            continue
        yield component
        yield from walk(component.get("components"), depth - 1)
        inner = [component.get(name) for name in ("accessory", "component")]
        yield from walk([one for one in inner if one], depth - 1)
