"""The errors of Discord's protocol.

DiscordError
├── InvalidSignatureError            a request is not Discord's
├── InvalidInteractionError          a body is no interaction
├── InvalidCustomIdError             a custom_id is not one of ours
└── ApiError                         Discord's HTTP API did not do what was asked
    ├── TransientApiError            the same call may succeed soon
    │   ├── ConnectionFailedError    no answer: refused, reset, timed out
    │   ├── UnavailableError         5xx
    │   ├── RateLimitedError         429; carries how long to wait
    │   └── NotAnsweredYetError      404 10015; Discord has no original response yet
    ├── InteractionGoneError         the user cannot be answered any more; never tried again
    ├── RequestTooLargeError         413 or 40005; smaller files may pass
    └── RequestRefusedError          any other 4xx

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

from collections.abc import Mapping
from typing import Any

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
ENTITY_TOO_LARGE = 40005
INVALID_WEBHOOK_TOKEN = 50027
THREAD_ARCHIVED = 50083

WITHDRAWN = frozenset({UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, THREAD_ARCHIVED})
"""Codes of a message that people took away: deleted it or its channel, or archived its thread, in
which nothing can be edited. https://docs.discord.com/developers/topics/threads"""
_GONE = WITHDRAWN | {UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN}


class DiscordError(Exception):
    """A request, an interaction or an API call does not follow Discord's protocol, or failed."""


class InvalidSignatureError(DiscordError):
    """A request has no valid signature of Discord, or an old one; the response is 401."""


class InvalidInteractionError(DiscordError):
    """The body is signed, but is no interaction that can be responded to."""


class InvalidCustomIdError(DiscordError):
    """A custom_id that this application does not write, or does not write any more."""


class ApiError(DiscordError):
    """Discord's API did not do what was asked. The text holds no URL and no token."""

    def __init__(self, status: int | None, code: int | None, text: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"Discord answered {status}, code {code}: {text}")


class TransientApiError(ApiError):
    """The same call may succeed later."""


class ConnectionFailedError(TransientApiError):
    """There was no answer; whether the call took effect is unknown.

    `timed_out`: the client stopped waiting, so the call may still take effect.
    """

    def __init__(self, failure: str, *, timed_out: bool = False) -> None:
        self.timed_out = timed_out
        super().__init__(None, None, failure)


class UnavailableError(TransientApiError):
    """Discord failed."""


class RateLimitedError(TransientApiError):
    """Too many calls; `retry_after` is in seconds."""

    def __init__(self, status: int, code: int | None, text: str, retry_after: float) -> None:
        super().__init__(status, code, text)
        self.retry_after = retry_after


class NotAnsweredYetError(TransientApiError):
    """Discord does not have the original response yet."""


class InteractionGoneError(ApiError):
    """The token has expired, or the message can't be edited any more: see `WITHDRAWN`."""


class RequestTooLargeError(ApiError):
    """A file, or all of them together, is larger than Discord accepts here."""


class RequestRefusedError(ApiError):
    """The request itself is wrong; the same one would be refused again."""


def api_error(status: int, headers: Mapping[str, str], payload: Any, reason: str) -> ApiError:
    """The error that an answer of Discord's API stands for.

    Args:
        status: of HTTP.
        headers: of the answer.
        payload: the answer's JSON; None if it has none.
        reason: the text of the status, for an answer without a message.
    """
    fields = payload if isinstance(payload, Mapping) else {}
    code = fields.get("code") if isinstance(fields.get("code"), int) else None
    text = fields["message"] if isinstance(fields.get("message"), str) else reason
    if status == 429:
        retry_after = fields.get("retry_after", headers.get("Retry-After"))
        return RateLimitedError(status, code, text, _seconds(retry_after))
    if status >= 500:
        return UnavailableError(status, code, text)
    if code in _GONE or status == 401:
        return InteractionGoneError(status, code, text)
    if status == 404 and code == UNKNOWN_WEBHOOK:
        return NotAnsweredYetError(status, code, text)
    if status == 413 or code == ENTITY_TOO_LARGE:
        return RequestTooLargeError(status, code, text)
    return RequestRefusedError(status, code, text)


def _seconds(value: Any) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 1.0
