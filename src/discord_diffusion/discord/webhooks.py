"""The original response of an interaction: read it, and replace it with text and files.

No bot token is needed; the interaction token in the path is the credential, so a URL is never
logged and never part of an error's text.
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from discord_diffusion.discord.api_errors import ConnectionFailedError, RateLimitedError
from discord_diffusion.discord.multipart import File, Multipart
from discord_diffusion.discord.original_response import (
    LONGEST_RATE_LIMIT_WAIT_SECONDS,
    USER_AGENT,
    Message,
    path,
    refusal,
)
from discord_diffusion.discord.rate_limits import RateLimits

TIMEOUT = httpx.Timeout(connect=3.0, read=15.0, write=30.0, pool=5.0)
"""Seconds by phase; writing is the upload of up to 25 MiB."""

# Both libraries log URLs, which hold the interaction token.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class WebhookClient:
    """Talks to `base_url`; one connection pool, safe to share between threads.

    Every method raises a class of `api_errors` and tries exactly once: what to try again, and for
    how long, is the caller's policy.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        rate_limits: RateLimits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            timeout=TIMEOUT,
            transport=transport,
            headers={"User-Agent": USER_AGENT},
        )
        self._limits = rate_limits or RateLimits()
        self._sleep = sleep

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get_original_response(
        self, application_id: str, token: str, *, timeout_seconds: float | None = None
    ) -> Message:
        """The message as Discord has it now."""
        timeout = TIMEOUT if timeout_seconds is None else timeout_seconds
        response = self._call("GET", application_id, token, timeout=timeout)
        return Message.from_json(_json(response))

    def edit_original_response(
        self,
        application_id: str,
        token: str,
        *,
        content: str,
        files: Sequence[File] | None = None,
        components: Sequence[Mapping[str, Any]] | None = None,
        spare: int = 0,
        timeout_seconds: float | None = None,
        fence: Callable[[], None] = lambda: None,
    ) -> Message:
        """Replace the text and, unless None, all attachments and all components; mention nobody.

        `spare` > 0 marks an edit of small worth: it is refused with `RateLimitedError` at once when
        fewer than that many further calls would be left to the bucket. `fence` is called before the
        end of an upload is sent; what it raises stops the upload, which then has no effect.
        """
        payload: dict[str, Any] = {"content": content, "allowed_mentions": {"parse": []}}
        if components is not None:
            payload["components"] = list(components)
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
        response = self._call("PATCH", application_id, token, spare=spare, **body)
        return Message.from_json(_json(response))

    def _call(
        self, method: str, application_id: str, token: str, *, spare: int = 0, **body: Any
    ) -> httpx.Response:
        self._wait_for_bucket(method, token, spare)
        failure: ConnectionFailedError | None = None
        try:
            response = self._client.request(method, path(application_id, token), **body)
        except httpx.HTTPError as error:
            timed_out = isinstance(error, httpx.TimeoutException)
            failure = ConnectionFailedError(type(error).__name__, timed_out=timed_out)
        if failure:  # raised out here so that the original, which holds the URL, is not its context
            raise failure
        self._limits.learn(method, token, response.status_code, response.headers)
        if not response.is_success:
            raise refusal(
                response.status_code, response.headers, _json(response), response.reason_phrase
            )
        return response

    def _wait_for_bucket(self, method: str, token: str, spare: int) -> None:
        delay = self._limits.delay(method, token, reserve=spare)
        if delay > (0.0 if spare else LONGEST_RATE_LIMIT_WAIT_SECONDS):
            raise RateLimitedError(429, None, "rate limit known from earlier answers", delay)
        if delay:
            self._sleep(delay)


def _json(response: httpx.Response) -> Any:
    with contextlib.suppress(ValueError):
        return response.json()
    return None
