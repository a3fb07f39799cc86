"""Reads a request's body: JSON or multipart, within Discord's size, or Discord's error.

Contract: https://docs.discord.com/developers/reference#uploading-files
"""

import json
import math
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from emulation.discord.errors import INVALID_JSON, TOO_LARGE, DiscordError, InvalidFormError

JSON = "application/json"
MULTIPART = "multipart/form-data"
_DRAINED = 64 * 1024 * 1024
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_FILE_KEY = re.compile(r"files?\[([0-9]{1,3})\]")


@dataclass(frozen=True)
class Upload:
    """A file in a request."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Body:
    """What a request brought."""

    payload: Any
    files: dict[int, Upload] = field(default_factory=dict)
    """By the `n` of `files[n]`."""


def decode_json(raw: bytes) -> Any:
    """JSON as Discord reads it; 50109 if it is none. Lone surrogates become U+FFFD."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise DiscordError(INVALID_JSON) from error
    return _without_surrogates(value) if "\\u" in text else value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """A number that JSON can hold again: `1e999` is infinite."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_SURROGATES.sub("\ufffd", key): _without_surrogates(v) for key, v in value.items()}
    return value


async def read_body(request: Request, limit: int, *, multipart: bool = False) -> Body:
    """The request's body, at most `limit` bytes of it.

    Raises 40005 (413) if it is larger, 50109 if it is not JSON, 50035 if its type is not one the
    route takes or its multipart form is broken.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.split(";")[0].strip().lower()
    raw = await read_bytes(request, limit)
    if kind == MULTIPART and multipart:
        return await _read_multipart(request, raw, limit)
    if kind == JSON:
        return Body(decode_json(raw))
    if not raw and not kind:
        return Body({})
    raise _wrong_content_type((JSON, MULTIPART) if multipart else (JSON,))


def _wrong_content_type(allowed: tuple[str, ...]) -> InvalidFormError:
    shown = ", ".join(f"'{one}'" for one in allowed)
    message = f'Expected "Content-Type" header to be one of {{{shown}}}.'
    return InvalidFormError({"_errors": [{"code": "CONTENT_TYPE_INVALID", "message": message}]})


async def read_bytes(request: Request, limit: int) -> bytes:
    """The raw body. A larger one is read to its end, so that the client hears why it failed."""
    kept = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            kept += chunk
        elif size > _DRAINED:
            break
    if size > limit:
        raise DiscordError(TOO_LARGE)
    return bytes(kept)


async def _read_multipart(request: Request, raw: bytes, limit: int) -> Body:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield raw

    parser = MultiPartParser(request.headers, chunks(), max_files=100, max_part_size=limit)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, LookupError) as error:
        message = "The multipart form could not be read."
        raise InvalidFormError(
            {"_errors": [{"code": "MULTIPART_INVALID", "message": message}]}
        ) from error
    try:
        return await _collect(form)
    finally:
        await form.close()


async def _collect(form: FormData) -> Body:
    """The JSON and the files of a form; without `payload_json` the plain fields are the payload."""
    files: dict[int, Upload] = {}
    fields: dict[str, Any] = {}
    for key, value in form.multi_items():
        if isinstance(value, UploadFile):
            match = _FILE_KEY.fullmatch(key)
            data = await value.read()
            if key == "payload_json":
                fields[key] = data.decode("utf-8", "replace")
                continue
            upload = Upload(
                value.filename or "unknown",
                value.content_type or "application/octet-stream",
                data,
            )
            files[int(match[1]) if match else len(files)] = upload
        else:
            fields[key] = value
    if "payload_json" in fields:
        return Body(decode_json(fields["payload_json"].encode("utf-8", "replace")), files)
    return Body(fields, files)
