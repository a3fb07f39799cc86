"""What a message shows, whatever its form: content and files, or texts and galleries.

Discord lists only those files of a message that neither its components nor its embeds show.
https://docs.discord.com/developers/resources/message#message-object
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from discord_diffusion.discord.layout import walk
from discord_diffusion.discord.reading import listed, text


@dataclass(frozen=True)
class Attachment:
    """A file that was uploaded to Discord; `size` in bytes, 0 where Discord does not say it.

    `is_measured`: Discord found out its width, so it is a picture or a video.
    """

    filename: str
    url: str
    content_type: str
    size: int
    is_measured: bool = False

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> "Attachment":
        """Read an attachment or a media item leniently: a missing field is empty."""
        size, url = payload.get("size"), text(payload.get("url"))
        return cls(
            text(payload.get("filename")) or _name_of(url),
            url,
            text(payload.get("content_type")),
            size if type(size) is int else 0,
            type(payload.get("width")) is int,
        )


def text_of(message: Mapping[str, Any]) -> str:
    """The content of a message, and the texts among its components, each on lines of its own."""
    texts = (text(one.get("content")) for one in walk(message.get("components")))
    return "\n".join(shown for shown in (text(message.get("content")), *texts) if shown)


def files_of(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The files that a message lists, and those that its components show."""
    found = (file for file in listed(message.get("attachments")) if isinstance(file, Mapping))
    return tuple(Attachment.read(file) for file in (*found, *_media(message.get("components"))))


def custom_ids_of(message: Mapping[str, Any]) -> tuple[str, ...]:
    """The custom_id of everything that can be clicked."""
    ids = (text(one.get("custom_id")) for one in walk(message.get("components")))
    return tuple(one for one in ids if one)


def _media(components: object) -> Iterator[Mapping[str, Any]]:
    for component in walk(components):
        for item in (*listed(component.get("items")), component):
            media = item.get("media") or item.get("file") if isinstance(item, Mapping) else None
            if isinstance(media, Mapping):
                yield media


def _name_of(url: str) -> str:
    """The name of the file behind an address of Discord's CDN."""
    try:
        return unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:
        return ""
