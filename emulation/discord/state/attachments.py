"""Uploaded files: kept on disk or in memory, and the signed links that lead to them.

Links: https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

import hashlib
import hmac
import io
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from emulation.discord.clock import Clock
from emulation.discord.json_types import Json


@dataclass(frozen=True)
class Attachment:
    """A file on a message."""

    id: str
    channel_id: str
    filename: str
    content_type: str
    size: int
    width: int | None = None
    height: int | None = None
    description: str | None = None
    title: str | None = None
    spoiler: bool = False
    ephemeral: bool = False


class AttachmentStore:
    """Keeps the bytes and signs the links."""

    def __init__(
        self, folder: Path | None, public_url: str, clock: Clock, link_seconds: float
    ) -> None:
        self._folder = folder
        self._public_url = public_url
        self._clock = clock
        self._link_seconds = link_seconds
        self._known: dict[str, Attachment] = {}
        self._bytes: dict[str, bytes] = {}
        self._secret = secrets.token_bytes(32)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def add(self, attachment: Attachment, data: bytes) -> None:
        """Keep a file. Its name on disk is its id, never what a client called it."""
        self._known[attachment.id] = attachment
        if self._folder is None:
            self._bytes[attachment.id] = data
        else:
            (self._folder / attachment.id).write_bytes(data)

    def get(self, attachment_id: str) -> Attachment | None:
        """A known file."""
        return self._known.get(attachment_id)

    def read(self, attachment_id: str) -> bytes:
        """The bytes of a known file."""
        if self._folder is None:
            return self._bytes[attachment_id]
        return (self._folder / attachment_id).read_bytes()

    def clear(self) -> None:
        """Forget every file."""
        if self._folder is not None:
            for attachment_id in self._known:
                (self._folder / attachment_id).unlink(missing_ok=True)
        self._known.clear()
        self._bytes.clear()

    def link(self, attachment: Attachment) -> str:
        """A link that works until it expires."""
        # The same link for a while: a page that is drawn again need not load its pictures again.
        steps = max(1, int(self._link_seconds) // 24)
        issued = int(self._clock.now()) // steps * steps
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
        """The attachment object with fresh links."""
        link = self.link(attachment)
        body: Json = {
            "id": attachment.id,
            "filename": attachment.filename,
            "size": attachment.size,
            "url": link,
            "proxy_url": link,
            "content_type": attachment.content_type,
            "content_scan_version": 0,
            "placeholder_version": 1,
        }
        if attachment.width is not None:
            body |= {"width": attachment.width, "height": attachment.height}
        if attachment.description is not None:
            body["description"] = attachment.description
        if attachment.title is not None:
            body["title"] = attachment.title
        if attachment.spoiler:
            body["flags"] = 8
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
    """Width and height in pixels if the bytes are a picture that can be shown."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
