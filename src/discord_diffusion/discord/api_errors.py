"""What Discord's HTTP API refuses, by what can be done about it.

ApiError
├── TransientApiError            worth trying again soon
│   ├── ConnectionFailedError    no answer: refused, reset, timed out
│   ├── UnavailableError         5xx
│   ├── RateLimitedError         429; carries how long to wait
│   └── NotAnsweredYetError      404 10015; the first answer has not reached Discord yet
├── InteractionGoneError         nobody can be told any more; never tried again
├── RequestTooLargeError         413 or 40005; smaller files may pass
└── RequestRefusedError          any other 4xx

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
ENTITY_TOO_LARGE = 40005
INVALID_WEBHOOK_TOKEN = 50027

_GONE = frozenset({UNKNOWN_MESSAGE, UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN})


class ApiError(Exception):
    """Discord did not do what was asked. Holds no URL and no token."""

    def __init__(self, status: int | None, code: int | None, text: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"Discord answered {status}, code {code}: {text}")


class TransientApiError(ApiError):
    """The same call may well succeed later."""


class ConnectionFailedError(TransientApiError):
    """There was no answer; whether the call took effect is unknown.

    `timed_out`: it was we who stopped waiting, so it may take effect even later.
    """

    def __init__(self, failure: str, *, timed_out: bool = False) -> None:
        self.timed_out = timed_out
        super().__init__(None, None, failure)


class UnavailableError(TransientApiError):
    """Discord has trouble of its own."""


class RateLimitedError(TransientApiError):
    """Too many calls; `retry_after` is in seconds."""

    def __init__(self, status: int, code: int | None, text: str, retry_after: float) -> None:
        super().__init__(status, code, text)
        self.retry_after = retry_after


class NotAnsweredYetError(TransientApiError):
    """Discord does not know the original response (yet)."""


class InteractionGoneError(ApiError):
    """The token has run out, or the message was deleted."""


class RequestTooLargeError(ApiError):
    """A file, or all of them together, is larger than Discord takes here."""


class RequestRefusedError(ApiError):
    """The request itself is at fault; the same one would be refused again."""


def api_error(status: int, code: int | None, text: str, retry_after: float) -> ApiError:
    """The error that an answer with this status and JSON code stands for."""
    if status == 429:
        return RateLimitedError(status, code, text, retry_after)
    if status >= 500:
        return UnavailableError(status, code, text)
    if code in _GONE or status == 401:
        return InteractionGoneError(status, code, text)
    if status == 404 and code == UNKNOWN_WEBHOOK:
        return NotAnsweredYetError(status, code, text)
    if status == 413 or code == ENTITY_TOO_LARGE:
        return RequestTooLargeError(status, code, text)
    return RequestRefusedError(status, code, text)
