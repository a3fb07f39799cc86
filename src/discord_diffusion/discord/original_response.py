"""The original response of an interaction: its address, its content, and a client that edits it.

The client is for Lambda functions: urllib3 comes with boto3 in Lambda's runtime, so nothing is
packaged for it. `webhooks` is the client that uploads files. No bot token is needed; the
interaction token in the path is the credential, so a URL is never logged and never part of an
error's text.
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3
from urllib3 import exceptions

from discord_diffusion.discord.errors import ConnectionFailedError, api_error
from discord_diffusion.discord.layout import Components, edit_data
from discord_diffusion.discord.message_content import custom_ids_of, files_of, text_of
from discord_diffusion.discord.rate_limits import RateLimits

USER_AGENT = "DiscordBot (https://github.com/discord-diffusion/discord-diffusion, 0.1.0)"
"""Required form: https://docs.discord.com/developers/reference#user-agent"""

# The body is encoded here, for `json=` is an argument of urllib3 2 alone: 1.26, which older images
# of Lambda's runtime have, sends a request without a body.
_HEADERS = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
"""Short: an edit that takes effect late could write over a worker's."""

CONNECTIONS = 8
"""Kept open to Discord, for as many threads."""

# Its lines hold URLs, and so the interaction token.
logging.getLogger("urllib3").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Message:
    """The parts of a message that are used."""

    id: str
    text: str
    """What is written in it, in its content or among its components."""
    filenames: tuple[str, ...]
    """Those of all files that it lists or shows."""
    custom_ids: tuple[str, ...] = ()
    """Those of its buttons."""
    edited: bool = False

    @classmethod
    def from_json(cls, payload: Any) -> "Message":
        """Read an answer leniently: Discord adds fields at any time."""
        fields = payload if isinstance(payload, Mapping) else {}
        return cls(
            id=str(fields.get("id", "")),
            text=text_of(fields),
            filenames=tuple(file.filename for file in files_of(fields)),
            custom_ids=custom_ids_of(fields),
            edited=fields.get("edited_timestamp") is not None,
        )


def path(application_id: str, token: str) -> str:
    """Where the original response is, below the API's base."""
    credential = f"{quote(application_id, safe='')}/{quote(token, safe='')}"
    return f"/webhooks/{credential}/messages/@original"


class OriginalResponseClient:
    """Reads and edits messages at `base_url`; one connection pool, safe to share between threads.

    Every method tries exactly once and raises an `ApiError`.
    """

    def __init__(self, base_url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._base_url = base_url
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=False,
            maxsize=CONNECTIONS,
        )
        self._limits = RateLimits(sleep=sleep)

    def read(self, application_id: str, token: str) -> Message:
        """The message as Discord has it now."""
        return self._call("GET", application_id, token)

    def write(self, application_id: str, token: str, components: Components) -> Message:
        """Replace what the message shows; files stay, though none is shown that is not named."""
        body = json.dumps(edit_data(components)).encode()
        return self._call("PATCH", application_id, token, body)

    def _call(
        self, method: str, application_id: str, token: str, body: bytes | None = None
    ) -> Message:
        self._limits.wait(method, token)
        failure: ConnectionFailedError | None = None
        try:
            url = self._base_url + path(application_id, token)
            response = self._pool.request(method, url, body=body, headers=_HEADERS, redirect=False)
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
            raise api_error(response.status, response.headers, payload, response.reason or "")
        return Message.from_json(payload)
