"""Uploaded files: kept on disk or in memory, and the signed links that lead to them.

Links: https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

import hashlib
import hmac
import io
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from discord_stand_in.json_types import Json
from discord_stand_in.state.retention import Retention

_MAX_FILENAME = 255
_UNUSUAL_CHARACTERS = re.compile(r"[^\w.\-]+")
_SPOILER = 1 << 3


@dataclass(frozen=True)
class Attachment:
    """A file of a message, without its bytes."""

    id: str
    channel_id: str
    filename: str
    content_type: str | None
    """None where Discord does not say it."""
    size: int
    """In bytes."""
    width: int | None = None
    """In pixels, of a picture; None for any other file."""
    height: int | None = None
    description: str | None = None
    title: str | None = None
    spoiler: bool = False
    ephemeral: bool = False

    @classmethod
    def of_file(cls, data: bytes, *, filename: str, **fields: Any) -> "Attachment":
        """The attachment of a file that was uploaded under any name."""
        width, height = picture_size(data) or (None, None)
        name = safe_filename(filename)
        fields["spoiler"] = fields.get("spoiler", False) or name.startswith("SPOILER_")
        return cls(filename=name, size=len(data), width=width, height=height, **fields)


class AttachmentStore:
    """Keeps the files and signs the links to them."""

    def __init__(
        self, folder: Path | None, public_url: str, retention: Retention, link_seconds: float
    ) -> None:
        """`folder` holds the files; None keeps them in memory."""
        self._folder = folder
        self._public_url = public_url
        self._retention = retention
        self._clock = retention.clock
        self._link_seconds = link_seconds
        self._by_id: dict[str, Attachment] = {}
        self._data: dict[str, bytes] = {}
        self._uploads: dict[str, float] = {}
        """When each file that belongs to no message was last chosen, in Unix seconds."""
        self._secret = secrets.token_bytes(32)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def add(self, attachment: Attachment, data: bytes) -> None:
        """Keep a file. Its name on disk is its id, never what a client called it."""
        self._by_id[attachment.id] = attachment
        if self._folder is None:
            self._data[attachment.id] = data
        else:
            (self._folder / attachment.id).write_bytes(data)

    def add_upload(self, attachment: Attachment, data: bytes) -> None:
        """Keep a file that a user chose for an option, and forget the oldest of these."""
        self.add(attachment, data)
        self._uploads[attachment.id] = self._clock.now()
        while self._retention.is_over(len(self._uploads), next(iter(self._uploads.values()))):
            oldest = next(iter(self._uploads))
            del self._uploads[oldest]
            self.forget([oldest])

    def use_upload(self, attachment_id: str) -> None:
        """Keep such a file as if it were chosen now, because an interaction begins with it."""
        if self._uploads.pop(attachment_id, None) is not None:
            self._uploads[attachment_id] = self._clock.now()

    def forget(self, attachment_ids: Iterable[str]) -> None:
        """Delete files; their links answer 404 from now on."""
        for attachment_id in attachment_ids:
            self._by_id.pop(attachment_id, None)
            self._data.pop(attachment_id, None)
            if self._folder is not None:
                (self._folder / attachment_id).unlink(missing_ok=True)

    def find(self, attachment_id: str) -> Attachment | None:
        """An attachment by its id."""
        return self._by_id.get(attachment_id)

    def read(self, attachment_id: str) -> bytes:
        """The bytes of a file that is kept."""
        if self._folder is None:
            return self._data[attachment_id]
        return (self._folder / attachment_id).read_bytes()

    def clear(self) -> None:
        """Delete every file."""
        self.forget(list(self._by_id))
        self._uploads.clear()

    def link(self, attachment: Attachment) -> str:
        """An address of the file that works until it expires."""
        # The link stays the same for a while, so that a page that is drawn again need not
        # load its pictures again.
        step = max(1, int(self._link_seconds) // 24)
        issued = int(self._clock.now()) // step * step
        expires = f"{issued + int(self._link_seconds):x}"
        path = self._path(attachment)
        signature = self._sign(path, expires, f"{issued:x}")
        return f"{self._public_url}{path}?ex={expires}&is={issued:x}&hm={signature}&"

    def is_valid(self, attachment: Attachment, expires: str, issued: str, signature: str) -> bool:
        """Whether a link's parameters were signed here for this file and have not expired."""
        expected = self._sign(self._path(attachment), expires, issued)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return False
        return int(expires, 16) > self._clock.now()

    def as_json(self, attachment: Attachment) -> Json:
        """The attachment object, with fresh links."""
        link = self.link(attachment)
        body: Json = {
            "id": attachment.id,
            "filename": attachment.filename,
            "size": attachment.size,
            "url": link,
            "proxy_url": link,
            "content_scan_version": 0,
            "placeholder_version": 1,
        }
        if attachment.content_type is not None:
            body["content_type"] = attachment.content_type
        if attachment.width is not None:
            body |= {"width": attachment.width, "height": attachment.height}
        if attachment.description is not None:
            body["description"] = attachment.description
        if attachment.title is not None:
            body["title"] = attachment.title
        if attachment.spoiler:
            body["flags"] = _SPOILER
        if attachment.ephemeral:
            body["ephemeral"] = True
        return body

    @staticmethod
    def _path(attachment: Attachment) -> str:
        folder = "ephemeral-attachments" if attachment.ephemeral else "attachments"
        return f"/{folder}/{attachment.channel_id}/{attachment.id}/{quote(attachment.filename)}"

    def _sign(self, path: str, expires: str, issued: str) -> str:
        message = f"{path}?{expires}&{issued}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None if the bytes are not a picture that can be shown."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def safe_filename(name: str) -> str:
    """A file name as Discord shows it: no folders and no unusual characters."""
    basename = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _UNUSUAL_CHARACTERS.sub("_", basename)[-_MAX_FILENAME:] or "unknown"
