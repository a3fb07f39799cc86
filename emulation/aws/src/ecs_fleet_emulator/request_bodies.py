"""Reads the body of an HTTP/1.1 request, whose end decides where the next request begins.

https://www.rfc-editor.org/rfc/rfc9112#section-6.3
"""

import math
import re
from email.errors import (
    FirstHeaderLineIsContinuationDefect,
    MisplacedEnvelopeHeaderDefect,
    MissingHeaderBodySeparatorDefect,
)
from email.message import Message
from http.client import HTTPException
from typing import BinaryIO

_UNREADABLE = (
    FirstHeaderLineIsContinuationDefect,
    MisplacedEnvelopeHeaderDefect,
    MissingHeaderBodySeparatorDefect,
)
"""A line that is no header: the parser drops it, or takes what follows it for the body."""

# The size of a chunk, and extensions, which a recipient ignores that does not know them.
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")
_LONGEST_LINE = 65536
_MOST_TRAILERS = 100


def read_body(stream: BinaryIO, headers: "Message[str, str]", most: float) -> bytes:
    """The whole body: what is left unread would be taken for the next request.

    Trailers are read and discarded. `most` is the greatest length in bytes; a longer body is not
    read.

    Raises:
        HTTPException: the end of the body is not clear, or it is too long, or incomplete.
        ValueError, OverflowError, MemoryError: its length is no length of anything.
    """
    if any(isinstance(defect, _UNREADABLE) for defect in headers.defects):
        raise HTTPException("a line of the headers is none")
    lengths = {value.strip() for value in headers.get_all("Content-Length", ())}
    encodings = [value.strip().lower() for value in headers.get_all("Transfer-Encoding", ())]
    if encodings:
        if lengths or encodings != ["chunked"]:
            raise HTTPException("the end of the body is not clear")
        return _read_chunks(stream, most)
    if len(lengths) > 1 or not all(one.isascii() and one.isdecimal() for one in lengths):
        raise HTTPException("the length of the body is not clear")
    return _read(stream, int(lengths.pop()) if lengths else 0, most)


def _read(stream: BinaryIO, length: int, most: float = math.inf) -> bytes:
    if length > most:
        raise HTTPException("the body is too long")
    content = stream.read(length)
    if len(content) < length:
        raise HTTPException("the connection ended within the body")
    return content


def _read_chunks(stream: BinaryIO, most: float) -> bytes:
    """https://www.rfc-editor.org/rfc/rfc9112#section-7.1"""
    body = bytearray()
    while size := _chunk_size(stream):
        body += _read(stream, size, most - len(body))
        if stream.readline(2) not in _LINE_ENDS:
            raise HTTPException("a chunk has another size than it says")
    for _ in range(_MOST_TRAILERS + 1):
        line = stream.readline(_LONGEST_LINE)
        if line in _LINE_ENDS:
            return bytes(body)
        if not line.endswith(b"\n"):
            raise HTTPException("a trailer is too long, or does not end")
    raise HTTPException("the body has too many trailers")


def _chunk_size(stream: BinaryIO) -> int:
    match = _CHUNK.fullmatch(stream.readline(_LONGEST_LINE))
    if match is None:
        raise HTTPException("a chunk does not begin with its size")
    return int(match[1], 16)
