"""Reads the body of a request, JSON or a form, as Discord does and with its errors.

Contract: https://docs.discord.com/developers/reference#uploading-files
"""

import json
import math
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from discord_stand_in.errors import INVALID_JSON, TOO_LARGE, DiscordError
from discord_stand_in.validation.fields import invalid

JSON = "application/json"
MULTIPART = "multipart/form-data"
URL_ENCODED = "application/x-www-form-urlencoded"
_MAX_DRAINED_BYTES = 64 * 1024 * 1024
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_FILE_KEY = re.compile(r"files?\[([0-9]{1,3})\]")


@dataclass(frozen=True)
class UploadedFile:
    """A file of a multipart request."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class RequestBody:
    """The decoded JSON of a request and its files."""

    payload: Any
    files: dict[int, UploadedFile] = field(default_factory=dict)
    """By the `n` of `files[n]`."""


def decode_json(raw: bytes) -> Any:
    """JSON as Discord reads it; INVALID_JSON (50109). Lone surrogates become U+FFFD."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise DiscordError(INVALID_JSON) from error
    return _without_surrogates(value) if "\\u" in text else value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """A number that can be written as JSON again: `1e999` would be infinite."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


async def read_body(request: Request, limit: int, *, multipart: bool = False) -> RequestBody:
    """Read a body of at most `limit` bytes; `multipart`: whether the route takes such a form.

    Raises:
        DiscordError: TOO_LARGE (40005), or INVALID_JSON (50109).
        InvalidFormError: the route does not take the content type, or the form is broken.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.split(";")[0].strip().lower()
    raw = await read_bytes(request, limit)
    if kind == MULTIPART and multipart:
        return await _read_multipart(request, raw, limit)
    if kind == URL_ENCODED and multipart:
        return RequestBody(_payload(dict(parse_qsl(raw.decode("utf-8", "replace")))))
    if kind == JSON:
        return RequestBody(decode_json(raw))
    if not raw and not kind:
        return RequestBody({})
    allowed = f"'{JSON}', '{MULTIPART}', '{URL_ENCODED}'" if multipart else f"'{JSON}'"
    message = f'Expected "Content-Type" header to be one of {{{allowed}}}.'
    raise invalid("CONTENT_TYPE_INVALID", message)


async def read_bytes(request: Request, limit: int) -> bytes:
    """Read the raw body; TOO_LARGE (40005) if it has more than `limit` bytes.

    A larger one is read to its end, so that the client gets the error, not a broken connection.
    """
    content = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            content += chunk
        elif size > _MAX_DRAINED_BYTES:
            break
    if size > limit:
        raise DiscordError(TOO_LARGE)
    return bytes(content)


async def _read_multipart(request: Request, raw: bytes, limit: int) -> RequestBody:
    """The JSON and the files of a form; without `payload_json` the plain fields are the payload."""

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield raw

    parser = MultiPartParser(request.headers, chunks(), max_files=100, max_part_size=limit)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, LookupError) as error:
        raise invalid("MULTIPART_INVALID", "The multipart form could not be read.") from error
    files: dict[int, UploadedFile] = {}
    fields: dict[str, Any] = {}
    try:
        for key, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields[key] = value
                continue
            data = await value.read()
            if key == "payload_json":
                fields[key] = data.decode("utf-8", "replace")
                continue
            match = _FILE_KEY.fullmatch(key)
            content_type = value.content_type or "application/octet-stream"
            file = UploadedFile(value.filename or "unknown", content_type, data)
            files[int(match[1]) if match else len(files)] = file
    finally:
        await form.close()
    return RequestBody(_payload(fields), files)


def _payload(fields: dict[str, Any]) -> Any:
    """The JSON of `payload_json`; without it the plain fields."""
    if "payload_json" not in fields:
        return fields
    return decode_json(fields["payload_json"].encode("utf-8", "replace"))
