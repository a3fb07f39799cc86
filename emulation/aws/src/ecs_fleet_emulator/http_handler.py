"""Reads requests of HTTP/1.1 for the gateway and for the Runtime API: the standard library's way.

Python's server reads headers with the parser of e-mails, which takes longer than the rest of a
request. Here that parser gets only what is not written plainly, so that it decides what it means.
"""

import re
import time
from collections.abc import Iterator
from email.parser import Parser
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from typing import Any

_PLAIN = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n]*\r\n)*")
"""Header lines without what is old or wrong: https://www.rfc-editor.org/rfc/rfc9112#section-5"""
_VERSION = "HTTP/1.1"
_REQUEST_LINE_WORDS = 3
# Those of the standard library.
_LONGEST_LINE = 65_536
_MOST_HEADERS = 100


class Fields:
    """Headers of a request, with the methods of `http.client.HTTPMessage` that servers use."""

    defects: tuple[Exception, ...] = ()

    def __init__(self, lines: list[bytes]) -> None:
        self._items: list[tuple[str, str]] = []
        self._values: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            self._items.append((name, text := value.lstrip(" \t").rstrip("\r\n")))
            self._values.setdefault(name.lower(), []).append(text)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a header."""
        values = self._values.get(name.lower())
        return values[0] if values else default

    def get_all(self, name: str, default: Any = None) -> Any:
        """All values of a header."""
        return self._values.get(name.lower(), default)

    def items(self) -> list[tuple[str, str]]:
        """Names and values in their order."""
        return self._items

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items)


class RequestHandler(BaseHTTPRequestHandler):
    """Keeps connections, and sends an answer in as few packets as it can."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    raw_requestline: bytes

    def parse_request(self) -> bool:
        """As the base, for a request of HTTP/1.1; others are left to the base."""
        # As text, which has more kinds of space than bytes have: all readers divide it alike.
        words = self.raw_requestline.decode("latin-1").split()
        target_is_plain = len(words) == _REQUEST_LINE_WORDS and not words[1].startswith("//")
        if not target_is_plain or words[2] != _VERSION:
            return super().parse_request()
        self.command, self.path, self.request_version = words
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        self.close_connection = False
        lines: list[bytes] = []
        while (line := self.rfile.readline(_LONGEST_LINE + 1)) not in (b"\r\n", b"\n", b""):
            lines.append(line)
            if len(line) > _LONGEST_LINE or len(lines) > _MOST_HEADERS:
                self.close_connection = True
                self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return False
        self.headers = _headers(lines)
        self.close_connection = (self.headers.get("Connection") or "").lower() == "close"
        if (self.headers.get("Expect") or "").lower() == "100-continue":
            return self.handle_expect_100()
        return True

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time as a header has it, written once a second."""
        return _date(int(time.time() if timestamp is None else timestamp))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Log nothing: those that answer have logs of their own."""


def _headers(lines: list[bytes]) -> Any:
    text = b"".join(lines)
    if _PLAIN.fullmatch(text):
        return Fields(lines)
    return Parser(_class=HTTPMessage).parsestr(text.decode("latin-1"))


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
