"""Interactions as Discord sends them, read leniently, and the responses to them.

Discord adds fields and types at any time, so what is not needed is not looked at.
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from discord_diffusion.discord.text import content
from discord_diffusion.jobs import DEFAULT_ATTACHMENT_SIZE_LIMIT

EPHEMERAL = 1 << 6


class InteractionType(IntEnum):
    """What happened."""

    PING = 1
    APPLICATION_COMMAND = 2
    MESSAGE_COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class InvalidInteractionError(ValueError):
    """The body is signed, but not an interaction that can be answered."""


@dataclass(frozen=True)
class Interaction:
    """What of an interaction matters here. Ids are snowflakes, `name` is the command's.

    `options` maps the options given to their values. `token` is left out of `repr`.
    """

    id: str
    type: int
    application_id: str
    token: str = field(repr=False)
    user_id: str
    locale: str
    name: str
    options: Mapping[str, Any]
    channel_id: str | None
    guild_id: str | None
    attachment_size_limit: int
    nsfw: bool

    @classmethod
    def from_payload(cls, payload: object) -> "Interaction":
        """Read a payload.

        Raises:
            InvalidInteractionError: something that every interaction has is missing.
        """
        if not isinstance(payload, Mapping) or type(payload.get("type")) is not int:
            raise InvalidInteractionError("the body is no interaction: it has no type")
        data = _mapping(payload.get("data"))
        channel = _mapping(payload.get("channel"))
        limit = payload.get("attachment_size_limit")
        return cls(
            id=_text(payload.get("id")),
            type=payload["type"],
            application_id=_text(payload.get("application_id")),
            token=_text(payload.get("token")),
            user_id=_user_id(payload),
            locale=_text(payload.get("locale")) or "en-US",
            name=_text(data.get("name")),
            options=_options(data.get("options")),
            channel_id=_text(payload.get("channel_id")) or None,
            guild_id=_text(payload.get("guild_id")) or None,
            attachment_size_limit=limit
            if type(limit) is int and limit > 0
            else DEFAULT_ATTACHMENT_SIZE_LIMIT,
            nsfw=channel.get("nsfw") is True,
        )


def _user_id(payload: Mapping[str, Any]) -> str:
    """`member.user` in a guild, `user` in a direct message."""
    user = _mapping(_mapping(payload.get("member")).get("user")) or _mapping(payload.get("user"))
    return _text(user.get("id"))


def _options(options: object) -> dict[str, Any]:
    if not isinstance(options, list):
        return {}
    found = (_mapping(option) for option in options)
    return {_text(one.get("name")): one.get("value") for one in found}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def pong() -> dict[str, Any]:
    """Type 1: the answer to a PING."""
    return {"type": 1}


def message(text: str) -> dict[str, Any]:
    """Type 4: a message that everybody in the channel sees. Nobody is mentioned by it."""
    return {"type": 4, "data": {"content": content(text), "allowed_mentions": {"parse": []}}}


def ephemeral(text: str) -> dict[str, Any]:
    """Type 4, seen only by who asked."""
    response = message(text)
    response["data"]["flags"] = EPHEMERAL
    return response


def no_choices() -> dict[str, Any]:
    """Type 8: an autocomplete that has nothing to suggest."""
    return {"type": 8, "data": {"choices": []}}
