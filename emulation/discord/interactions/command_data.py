"""Option values as interactions carry them, and the objects that their ids stand for.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-application-command-interaction-data-option-structure
"""

from typing import Any

from emulation.discord.backend import StandIn
from emulation.discord.errors import ControlError
from emulation.discord.json_types import Json

SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)


def infer_type(value: Any) -> int:
    """The type of a value of an option that no command has registered."""
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return INTEGER
    return NUMBER if isinstance(value, float) else STRING


class Resolved:
    """Collects the `resolved` part of an interaction's data."""

    def __init__(self, standin: StandIn) -> None:
        self._standin = standin
        self.data: Json = {}

    def user(self, user_id: str, in_guild: bool) -> None:
        """A user, and who they are in the guild."""
        user = self._standin.world.users.get(user_id)
        if user is None:
            raise ControlError(f"There is no user {user_id}.", 404)
        self._put("users", user_id, user.as_json())
        if in_guild:
            self._put("members", user_id, user.as_member() | {"permissions": user.permissions})

    def role(self, role_id: str) -> None:
        """A role of the guild."""
        for role in self._standin.world.guild.roles:
            if role["id"] == role_id:
                self._put("roles", role_id, role)
                return
        raise ControlError(f"There is no role {role_id}.", 404)

    def channel(self, channel_id: str) -> None:
        """A partial channel."""
        channel = self._standin.world.channels.get(channel_id)
        if channel is None:
            raise ControlError(f"There is no channel {channel_id}.", 404)
        permissions = {"permissions": self._standin.world.default_user.permissions}
        body = self._standin.world.channel_json(channel, self._standin.messages.last_id(channel_id))
        self._put("channels", channel_id, body | permissions)

    def message(self, message_id: str) -> None:
        """A message."""
        message = self._standin.messages.get(message_id)
        self._put("messages", message_id, self._standin.messages.as_json(message))

    def attachment(self, attachment_id: str) -> None:
        """A file that was given to the control API before."""
        attachment = self._standin.attachments.get(attachment_id)
        if attachment is None:
            raise ControlError(f"There is no attachment {attachment_id}.", 404)
        self._put("attachments", attachment_id, self._standin.attachments.as_json(attachment))

    def mentionable(self, some_id: str, in_guild: bool) -> None:
        """A user or a role."""
        if some_id in self._standin.world.users:
            self.user(some_id, in_guild)
        else:
            self.role(some_id)

    def by_option_type(self, kind: int, value: Any, in_guild: bool) -> None:
        """Whatever an option's value stands for, if it is an id."""
        if kind == USER:
            self.user(str(value), in_guild)
        elif kind == CHANNEL:
            self.channel(str(value))
        elif kind == ROLE:
            self.role(str(value))
        elif kind == MENTIONABLE:
            self.mentionable(str(value), in_guild)
        elif kind == ATTACHMENT:
            self.attachment(str(value))

    def _put(self, kind: str, some_id: str, body: Json) -> None:
        self.data.setdefault(kind, {})[some_id] = body


def check_value(definition: Json, value: Any) -> None:
    """Check what Discord's client checks; ControlError names the option."""
    name, kind = definition["name"], definition["type"]
    choices = definition.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise ControlError(f"{name}: {value!r} is not one of the choices.")
    if kind in (INTEGER, NUMBER):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ControlError(f"{name}: {value!r} is not a number.")
        if kind == INTEGER and value != int(value):
            raise ControlError(f"{name}: {value!r} is not a whole number.")
        _check_bounds(name, value, definition.get("min_value"), definition.get("max_value"), "")
    elif kind == STRING:
        if not isinstance(value, str):
            raise ControlError(f"{name}: {value!r} is not text.")
        highest = definition.get("max_length", 6_000)
        _check_bounds(name, len(value), definition.get("min_length"), highest, " characters")
    elif kind == BOOLEAN and not isinstance(value, bool):
        raise ControlError(f"{name}: {value!r} is neither true nor false.")


def _check_bounds(
    name: str, value: float, lowest: float | None, highest: float | None, unit: str
) -> None:
    if lowest is not None and value < lowest:
        raise ControlError(f"{name}: {value}{unit} is less than {lowest}.")
    if highest is not None and value > highest:
        raise ControlError(f"{name}: {value}{unit} is more than {highest}.")
