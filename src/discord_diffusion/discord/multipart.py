"""The body of an upload, in pieces, so that it can be stopped before its end is sent.

https://docs.discord.com/developers/reference#uploading-files
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class File:
    """One file to attach; `description` is its alt text (at most 1,024 characters)."""

    filename: str
    content: bytes
    media_type: str
    description: str = ""


class Multipart:
    """`payload_json` and files, as multipart/form-data."""

    def __init__(self, payload: Mapping[str, Any], files: Sequence[File]) -> None:
        self._boundary = secrets.token_hex(16)
        fields = [('name="payload_json"', "application/json", json.dumps(payload).encode())]
        fields += [
            (f'name="files[{index}]"; filename="{file.filename}"', file.media_type, file.content)
            for index, file in enumerate(files)
        ]
        self._pieces = [
            piece
            for disposition, media_type, content in fields
            for piece in (self._head(disposition, media_type), content, b"\r\n")
        ]
        self._end = f"--{self._boundary}--\r\n".encode()

    @property
    def headers(self) -> dict[str, str]:
        """What the request has to say of its body."""
        length = sum(map(len, self._pieces)) + len(self._end)
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(length),
        }

    def pieces(self, fence: Callable[[], None]) -> Iterator[bytes]:
        """The body. `fence` is called when all but its end has been sent, and may raise.

        Without its end an upload has no effect: a process that was stopped for a while in the
        middle of it looks once more whether it should.
        """
        yield from self._pieces
        fence()
        yield self._end

    def _head(self, disposition: str, media_type: str) -> bytes:
        return (
            f"--{self._boundary}\r\nContent-Disposition: form-data; {disposition}\r\n"
            f"Content-Type: {media_type}\r\n\r\n"
        ).encode()
