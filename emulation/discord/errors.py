"""Discord's errors: the status, the JSON code and the text of each that the stand-in gives.

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json

StandInError
├── DiscordError       an answer of Discord's HTTP API
│   └── InvalidFormError    50035 with nested `errors`
├── ControlError       a request of the control API that cannot be met
└── NotDeliveredError       the application's endpoint gave no usable answer
"""

from dataclasses import dataclass

from emulation.discord.json_types import Json


class StandInError(Exception):
    """Anything the stand-in refuses."""


@dataclass(frozen=True)
class Kind:
    """One of Discord's errors."""

    status: int
    code: int
    message: str


BAD_REQUEST = Kind(400, 0, "400: Bad Request")
UNAUTHORIZED = Kind(401, 0, "401: Unauthorized")
FORBIDDEN = Kind(403, 0, "403: Forbidden")
NOT_FOUND = Kind(404, 0, "404: Not Found")
METHOD_NOT_ALLOWED = Kind(405, 0, "405: Method Not Allowed")
INTERNAL = Kind(500, 0, "500: Internal Server Error")
UNKNOWN_APPLICATION = Kind(404, 10002, "Unknown Application")
UNKNOWN_CHANNEL = Kind(404, 10003, "Unknown Channel")
UNKNOWN_GUILD = Kind(404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = Kind(404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = Kind(404, 10008, "Unknown Message")
UNKNOWN_USER = Kind(404, 10013, "Unknown User")
UNKNOWN_WEBHOOK = Kind(404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = Kind(404, 10062, "Unknown interaction")
UNKNOWN_COMMAND = Kind(404, 10063, "Unknown application command")
NOT_YOUR_APPLICATION = Kind(
    403, 20012, "You are not authorized to perform this action on this application"
)
TOO_MANY_COMMANDS = Kind(400, 30032, "Maximum number of application commands reached (100)")
DAILY_CREATES = Kind(
    429, 30034, "Max number of daily application command creates has been reached (200)"
)
TOO_LARGE = Kind(413, 40005, "Request entity too large")
ALREADY_ACKNOWLEDGED = Kind(400, 40060, "Interaction has already been acknowledged.")
BAD_USER_AGENT = Kind(403, 40333, "internal network error")
MISSING_ACCESS = Kind(403, 50001, "Missing Access")
NOT_THE_AUTHOR = Kind(403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = Kind(400, 50006, "Cannot send an empty message")
INVALID_WEBHOOK_TOKEN = Kind(401, 50027, "Invalid Webhook Token")
INVALID_FORM = Kind(400, 50035, "Invalid Form Body")
INVALID_JSON = Kind(400, 50109, "The request body contains invalid JSON.")
FORUM_ONLY = Kind(400, 220003, "Webhooks can only create threads in forum channels")


class DiscordError(StandInError):
    """An error answer: its kind, and what Discord adds to it."""

    def __init__(
        self, kind: Kind, *, errors: Json | None = None, extra: Json | None = None
    ) -> None:
        super().__init__(f"{kind.status} {kind.code} {kind.message}")
        self.kind = kind
        self.errors = errors
        self.extra = extra or {}

    def body(self) -> Json:
        """The JSON that Discord answers with."""
        body: Json = {"message": self.kind.message, "code": self.kind.code, **self.extra}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class InvalidFormError(DiscordError):
    """A body that Discord refuses; `errors` is the tree it answers with."""

    def __init__(self, errors: Json) -> None:
        super().__init__(INVALID_FORM, errors=errors)


class ControlError(StandInError):
    """The control API cannot do what was asked; `status` is its HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class NotDeliveredError(StandInError):
    """The endpoint did not give an answer Discord would take.

    `status` is the HTTP status it gave, if any; `body` is Discord's error for its answer, if the
    answer was refused for what it holds.
    """

    def __init__(self, reason: str, status: int | None = None, body: Json | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.body = body
