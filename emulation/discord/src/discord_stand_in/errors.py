"""The errors of the stand-in; those of Discord's API have its status, JSON code and text.

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json

StandInError
├── DiscordError            an error response of Discord's HTTP API
│   └── InvalidFormError        50035: a body is invalid, with the tree of the errors in it
├── ControlError            the control API refuses a request
├── StandInRefusedError     the client of a running stand-in was refused
├── StandInTimeoutError     what a test waited for did not happen
├── StandInStartError       a stand-in's process ended while starting
└── EndpointError           the application's endpoint gave no usable response
"""

from dataclasses import dataclass

from discord_stand_in.json_types import Json


class StandInError(Exception):
    """The root of every error that the stand-in raises itself."""


@dataclass(frozen=True)
class ErrorType:
    """One of Discord's errors: HTTP status, JSON code and text."""

    status: int
    code: int
    message: str


UNAUTHORIZED = ErrorType(401, 0, "401: Unauthorized")
UNKNOWN_CHANNEL = ErrorType(404, 10003, "Unknown Channel")
UNKNOWN_GUILD = ErrorType(404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = ErrorType(404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = ErrorType(404, 10008, "Unknown Message")
UNKNOWN_ROLE = ErrorType(404, 10011, "Unknown Role")
UNKNOWN_USER = ErrorType(404, 10013, "Unknown User")
UNKNOWN_WEBHOOK = ErrorType(404, 10015, "Unknown Webhook")
UNKNOWN_EMOJI = ErrorType(400, 10014, "Unknown Emoji")
UNKNOWN_SKU = ErrorType(404, 10027, "Unknown SKU")
UNKNOWN_ENTITLEMENT = ErrorType(404, 10029, "Unknown entitlement")
UNKNOWN_INTERACTION = ErrorType(404, 10062, "Unknown interaction")
UNKNOWN_COMMAND = ErrorType(404, 10063, "Unknown application command")
UNKNOWN_COMMAND_PERMISSIONS = ErrorType(404, 10066, "Unknown application command permissions")
BOTS_CANNOT = ErrorType(403, 20001, "Bots cannot use this endpoint")
NOT_YOUR_APPLICATION = ErrorType(
    403, 20012, "You are not authorized to perform this action on this application"
)
TOO_MANY_PINS = ErrorType(400, 30003, "Maximum number of pins reached for the channel (250)")
TOO_MANY_REACTIONS = ErrorType(400, 30010, "Maximum number of reactions reached (20)")
TOO_MANY_COMMAND_CREATES = ErrorType(
    429, 30034, "Max number of daily application command creates has been reached (200)"
)
TOO_LARGE = ErrorType(413, 40005, "Request entity too large")
ALREADY_ACKNOWLEDGED = ErrorType(400, 40060, "Interaction has already been acknowledged.")
BAD_USER_AGENT = ErrorType(403, 40333, "internal network error")
MISSING_ACCESS = ErrorType(403, 50001, "Missing Access")
NOT_IN_DM = ErrorType(400, 50003, "Cannot execute action on a DM channel")
NOT_THE_AUTHOR = ErrorType(403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = ErrorType(400, 50006, "Cannot send an empty message")
INVALID_WEBHOOK_TOKEN = ErrorType(401, 50027, "Invalid Webhook Token")
TOO_OLD_TO_DELETE = ErrorType(
    400, 50034, "You can only bulk delete messages that are under 14 days old."
)
INVALID_FORM = ErrorType(400, 50035, "Invalid Form Body")
INVALID_JSON = ErrorType(400, 50109, "The request body contains invalid JSON.")
FORUM_ONLY = ErrorType(400, 220003, "Webhooks can only create threads in forum channels")


def too_many_commands(most: int) -> ErrorType:
    """The error of more commands of a type than there may be."""
    return ErrorType(400, 30032, f"Maximum number of application commands reached ({most})")


class DiscordError(StandInError):
    """An error response; `extra` is what its body holds beside the text and the code."""

    def __init__(self, error_type: ErrorType, extra: Json | None = None) -> None:
        super().__init__(f"{error_type.status} {error_type.code} {error_type.message}")
        self.type = error_type
        self.extra = extra or {}

    def body(self) -> Json:
        """The JSON that Discord answers with."""
        return {"message": self.type.message, "code": self.type.code, **self.extra}


class InvalidFormError(DiscordError):
    """A body, or a part of one, is invalid; `tree` holds the errors by the fields' names.

    Shape of the tree: https://docs.discord.com/developers/reference#error-messages
    """

    def __init__(self, tree: Json) -> None:
        super().__init__(INVALID_FORM, {"errors": tree})
        self.tree = tree

    def at(self, *path: str) -> "InvalidFormError":
        """The same error for a value at `path` of a larger value."""
        tree = self.tree
        for name in reversed(path):
            tree = {name: tree}
        return InvalidFormError(tree)


class ControlError(StandInError):
    """The control API refuses a request; `status` is the HTTP status of the response."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class EndpointError(StandInError):
    """The application's endpoint did not give a response that Discord would accept.

    `status` is the HTTP status it gave, if any; `body` is Discord's error for the response, if it
    was refused for its content.
    """

    def __init__(self, reason: str, status: int | None = None, body: Json | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.body = body


class StandInRefusedError(StandInError):
    """A running stand-in refused what its client asked for; the text is the stand-in's."""


class StandInTimeoutError(StandInError):
    """What a test waited for did not happen in time."""


class StandInStartError(StandInError):
    """A stand-in's process ended while starting; the text is what it wrote."""
