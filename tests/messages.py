"""What a message shows, read by tests: text, buttons and files, whatever the message's form.

A message is what Discord gives or takes: a message object, the data of a response, or a body of an
edit. The one place that knows where its parts are.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

Message = Mapping[str, Any]


def walk(components: Any) -> Iterator[dict[str, Any]]:
    """Every component, each before those that it holds."""
    for component in components or ():
        yield component
        yield from walk(component.get("components"))
        yield from walk(
            [component[name] for name in ("accessory", "component") if name in component]
        )


def text_of(message: Message) -> str:
    """What is written in a message: its content, and its texts, each on lines of its own."""
    texts = [one["content"] for one in walk(message.get("components")) if one["type"] == 10]
    return "\n".join(text for text in [message.get("content") or "", *texts] if text)


def buttons_of(message: Message) -> list[str]:
    """The custom_id of everything in a message that can be clicked, in order."""
    found = [one.get("custom_id") for one in walk(message.get("components"))]
    return [custom_id for custom_id in found if custom_id]


def files_of(message: Message) -> list[dict[str, Any]]:
    """The files that a message lists, and those that its galleries show.

    Each has `id`, `filename`, `url`, `description` and `spoiler`, as far as the message says them.
    """
    listed = [
        file | {"spoiler": bool(file.get("flags", 0) & 8)}
        for file in message.get("attachments") or ()
    ]
    items = [item for one in walk(message.get("components")) for item in one.get("items", ())]
    return listed + [
        {
            **item["media"],
            "id": item["media"].get("attachment_id"),
            "filename": PurePosixPath(unquote(urlsplit(item["media"]["url"]).path)).name
            or urlsplit(item["media"]["url"]).netloc,
            "description": item.get("description"),
            "spoiler": item.get("spoiler", False),
        }
        for item in items
    ]


def inputs_of(form: Message) -> list[dict[str, Any]]:
    """What a modal asks for, in order."""
    return [component for component in walk(form["components"]) if "custom_id" in component]


def is_ephemeral(message: Message) -> bool:
    """Whether only one user sees the message."""
    return bool(message.get("flags", 0) & 64)
