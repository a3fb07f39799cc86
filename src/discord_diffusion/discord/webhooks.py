"""The worker's client for the original response of an interaction: components and files.

The token in the path is the credential, so a URL is never logged and never part of an error's text.
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
https://docs.discord.com/developers/reference#uploading-files
"""

import contextlib
import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from discord_diffusion.discord.errors import (
    ApiError,
    ConnectionFailedError,
    RequestRefusedError,
    api_error,
)
from discord_diffusion.discord.layout import Components, edit_data
from discord_diffusion.discord.original_response import USER_AGENT, Message, path
from discord_diffusion.discord.rate_limits import RateLimits

REQUEST_BYTES = 25 * 1024 * 1024
"""Most bytes of a request: https://docs.discord.com/developers/reference#uploading-files"""
DESCRIPTION_LENGTH = 1024
"""Characters of the alt text of a picture.
https://docs.discord.com/developers/components/reference#media-gallery"""

TIMEOUT = httpx.Timeout(connect=3.0, read=15.0, write=30.0, pool=5.0)
"""Seconds by phase; writing is the upload of up to 25 MiB."""

# Both libraries log URLs, which hold the interaction token.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


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
        """The headers of a request with this body."""
        length = sum(map(len, self._pieces)) + len(self._end)
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(length),
        }

    def pieces(self, fence: Callable[[], None]) -> Iterator[bytes]:
        """The body in pieces. `fence` is called when all but its end has been sent, and may raise.

        Without its end an upload has no effect, so a process that was frozen during an upload can
        check once more whether it may still answer.
        """
        yield from self._pieces
        fence()
        yield self._end

    def _head(self, disposition: str, media_type: str) -> bytes:
        return (
            f"--{self._boundary}\r\nContent-Disposition: form-data; {disposition}\r\n"
            f"Content-Type: {media_type}\r\n\r\n"
        ).encode()


class WebhookClient:
    """Calls the API at `base_url`; one connection pool, safe to share between threads.

    Every method tries exactly once and raises an `ApiError`: what to try again, and for how long,
    is the caller's policy.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            timeout=TIMEOUT,
            transport=transport,
            headers={"User-Agent": USER_AGENT},
        )
        self._limits = rate_limits or RateLimits()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get_original_response(
        self, application_id: str, token: str, *, timeout_seconds: float | None = None
    ) -> Message:
        """The message as Discord has it now."""
        timeout = TIMEOUT if timeout_seconds is None else timeout_seconds
        return self._call("GET", application_id, token, timeout=timeout)

    def edit_original_response(
        self,
        application_id: str,
        token: str,
        *,
        components: Components,
        files: Sequence[File] | None = None,
        spare: int = 0,
        timeout_seconds: float | None = None,
        fence: Callable[[], None] = lambda: None,
    ) -> Message:
        """Replace what the message shows and, unless None, all its files; mention nobody.

        `spare` > 0 marks an edit that can be skipped: it is refused with `RateLimitedError` at once
        if fewer than that many calls would be left in the bucket. `fence` is called before the end
        of an upload is sent; an error that it raises stops the upload, which then has no effect.
        """
        payload = edit_data(components)
        body: dict[str, Any] = {"json": payload}
        if files is not None:
            payload["attachments"] = [
                {"id": index, "filename": file.filename, "description": file.description}
                for index, file in enumerate(files)
            ]
        if files:
            upload = Multipart(payload, files)
            body = {"content": upload.pieces(fence), "headers": upload.headers}
        if timeout_seconds is not None:
            body["timeout"] = timeout_seconds
        return self._call("PATCH", application_id, token, spare=spare, **body)

    def _call(
        self, method: str, application_id: str, token: str, *, spare: int = 0, **body: Any
    ) -> Message:
        self._limits.wait(method, token, reserve=spare)
        failure: ApiError | None = None
        try:
            response = self._client.request(method, path(application_id, token), **body)
        except httpx.HTTPError as error:
            timed_out = isinstance(error, httpx.TimeoutException)
            failure = ConnectionFailedError(type(error).__name__, timed_out=timed_out)
        except httpx.InvalidURL as error:  # of no class of its own
            failure = RequestRefusedError(None, None, type(error).__name__)
        if failure:  # raised out here so that the original, which holds the URL, is not its context
            raise failure
        self._limits.learn(method, token, response.status_code, response.headers)
        answer: Any = None
        with contextlib.suppress(ValueError):
            answer = response.json()
        if not response.is_success:
            raise api_error(response.status_code, response.headers, answer, response.reason_phrase)
        return Message.from_json(answer)
