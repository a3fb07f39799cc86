"""Text in the original response of an interaction, for functions: read it and replace it.

The client is urllib3, which comes with boto3 in Lambda's runtime: nothing is packaged for it.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import urllib3
from urllib3 import exceptions

from discord_diffusion.discord.api_errors import ConnectionFailedError, RateLimitedError
from discord_diffusion.discord.original_response import (
    LONGEST_RATE_LIMIT_WAIT_SECONDS,
    USER_AGENT,
    Message,
    path,
    refusal,
)
from discord_diffusion.discord.rate_limits import RateLimits

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
"""Short: an edit that takes effect late could write over a worker's."""

CONNECTIONS = 8
"""Kept open to Discord, for as many threads."""

# Its lines hold URLs, and so the interaction token.
logging.getLogger("urllib3").setLevel(logging.WARNING)


class NoticeClient:
    """Talks to `base_url`; one connection pool, safe to share between threads.

    Every method raises a class of `api_errors` and tries exactly once.
    """

    def __init__(self, base_url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._base_url = base_url
        self._pool = urllib3.PoolManager(
            headers={"User-Agent": USER_AGENT},
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=False,
            maxsize=CONNECTIONS,
        )
        self._limits = RateLimits()
        self._sleep = sleep

    def read(self, application_id: str, token: str) -> Message:
        """The message as Discord has it now."""
        return self._call("GET", application_id, token)

    def write(
        self,
        application_id: str,
        token: str,
        content: str,
        components: Sequence[Mapping[str, Any]] | None = None,
    ) -> Message:
        """Replace the text and, unless None, all components; attachments stay. Mentions nobody."""
        body: dict[str, Any] = {"content": content, "allowed_mentions": {"parse": []}}
        if components is not None:
            body["components"] = list(components)
        return self._call("PATCH", application_id, token, json=body)

    def _call(self, method: str, application_id: str, token: str, **body: Any) -> Message:
        self._wait_for_bucket(method, token)
        failure: ConnectionFailedError | None = None
        try:
            url = self._base_url + path(application_id, token)
            response = self._pool.request(method, url, redirect=False, **body)
        except exceptions.HTTPError as error:
            timed_out = isinstance(error, exceptions.TimeoutError)
            failure = ConnectionFailedError(type(error).__name__, timed_out=timed_out)
        if failure:  # raised out here so that the original, which holds the URL, is not its context
            raise failure
        self._limits.learn(method, token, response.status, response.headers)
        payload: Any = None
        with contextlib.suppress(ValueError):
            payload = json.loads(response.data)
        if not 200 <= response.status < 300:
            raise refusal(response.status, response.headers, payload, response.reason or "")
        return Message.from_json(payload)

    def _wait_for_bucket(self, method: str, token: str) -> None:
        delay = self._limits.delay(method, token)
        if delay > LONGEST_RATE_LIMIT_WAIT_SECONDS:
            raise RateLimitedError(429, None, "rate limit known from earlier answers", delay)
        if delay:
            self._sleep(delay)
