"""Interactions as Discord sends them, read leniently.

Discord adds fields and types at any time, so fields that are not needed are ignored.
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from discord_diffusion.discord.command_model import OptionType
from discord_diffusion.discord.errors import InvalidInteractionError
from discord_diffusion.jobs.job import DEFAULT_ATTACHMENT_SIZE_LIMIT, MAX_TOKEN_LENGTH


class InteractionType(IntEnum):
    """What the user did."""

    PING = 1
    APPLICATION_COMMAND = 2
    MESSAGE_COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


@dataclass(frozen=True)
class Attachment:
    """A file that was uploaded to Discord; `size` in bytes.

    `is_measured`: Discord found out its width, so it is a picture or a video.
    """

    filename: str
    url: str
    content_type: str
    size: int
    is_measured: bool = False

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> "Attachment":
        """Read leniently: a missing field is empty."""
        size = payload.get("size")
        return cls(
            _text(payload.get("filename")),
            _text(payload.get("url")),
            _text(payload.get("content_type")),
            size if type(size) is int else 0,
            type(payload.get("width")) is int,
        )


@dataclass(frozen=True)
class SourceMessage:
    """The message that a component is on, or that a message command is about.

    `asked_by` is the user whose interaction the message answers, `application_id` the application
    that answered.
    https://docs.discord.com/developers/resources/message#message-object
    """

    id: str
    application_id: str
    author_id: str
    asked_by: str
    attachments: tuple[Attachment, ...]
    custom_ids: tuple[str, ...]

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> "SourceMessage":
        """Read leniently: a missing field is empty."""
        answered = _mapping(payload.get("interaction_metadata"))
        return cls(
            _text(payload.get("id")),
            _text(payload.get("application_id")),
            _text(_mapping(payload.get("author")).get("id")),
            _text(_mapping(answered.get("user")).get("id")),
            tuple(Attachment.read(_mapping(file)) for file in _list(payload.get("attachments"))),
            tuple(_text(leaf.get("custom_id")) for leaf in _leaves(payload.get("components"))),
        )

    def is_of(self, application_id: str) -> bool:
        """Whether the application wrote the message: as an answer, or as its bot or webhook."""
        return bool(application_id) and application_id in (self.application_id, self.author_id)


@dataclass(frozen=True)
class Interaction:
    """The parts of an interaction that are used. Ids are snowflakes, `name` is the command's.

    `options` maps the given options to their values; `focused` is the one being typed.
    `fields` are those of a submitted modal. `parent_id` is the channel of a thread or of a forum's
    post, or else the category. `permissions` and `roles` are the member's in this channel; the
    roles include the guild's id, which is that of @everyone. `token` is left out of `repr`.
    `traceparent` is no part of the payload: it names the trace of the HTTP request
    (https://www.w3.org/TR/trace-context/#traceparent-header).
    """

    id: str
    type: int
    application_id: str
    token: str = field(repr=False)
    user_id: str
    locale: str
    name: str
    subcommand: str | None
    options: Mapping[str, Any]
    focused: str | None
    custom_id: str
    fields: Mapping[str, str]
    attachments: Mapping[str, Attachment]
    message: SourceMessage | None
    channel_id: str | None
    parent_id: str | None
    guild_id: str | None
    roles: frozenset[str]
    permissions: int
    attachment_size_limit: int
    nsfw: bool
    traceparent: str | None = None

    @classmethod
    def from_payload(cls, payload: object) -> "Interaction":
        """Read a payload.

        Raises:
            InvalidInteractionError: the payload has no type, or a token that cannot be used.
        """
        if not isinstance(payload, Mapping) or type(payload.get("type")) is not int:
            raise InvalidInteractionError("the body is no interaction: it has no type")
        if len(_text(payload.get("token"))) > MAX_TOKEN_LENGTH:
            raise InvalidInteractionError(f"its token has more than {MAX_TOKEN_LENGTH} characters")
        data = _mapping(payload.get("data"))
        member = _mapping(payload.get("member"))
        channel = _mapping(payload.get("channel"))
        guild_id = _text(payload.get("guild_id")) or None
        # `member.user` in a guild, `user` in a direct message.
        user = _mapping(member.get("user")) or _mapping(payload.get("user"))
        resolved = _mapping(data.get("resolved"))
        limit = payload.get("attachment_size_limit")
        target = _mapping(resolved.get("messages")).get(_text(data.get("target_id")))
        message = _mapping(payload.get("message")) or _mapping(target)
        subcommand, options = _subcommand(data.get("options"))
        return cls(
            id=_text(payload.get("id")),
            type=payload["type"],
            application_id=_text(payload.get("application_id")),
            token=_text(payload.get("token")),
            user_id=_text(user.get("id")),
            locale=_text(payload.get("locale")) or "en-US",
            name=_text(data.get("name")),
            subcommand=subcommand,
            options={_text(option.get("name")): option.get("value") for option in options},
            focused=next(
                (_text(option.get("name")) for option in options if option.get("focused")), None
            ),
            custom_id=_text(data.get("custom_id")),
            fields={
                _text(leaf.get("custom_id")): _text(leaf.get("value"))
                for leaf in _leaves(data.get("components"))
            },
            attachments={
                key: Attachment.read(_mapping(attachment))
                for key, attachment in _mapping(resolved.get("attachments")).items()
            },
            message=SourceMessage.read(message) if message else None,
            channel_id=_text(payload.get("channel_id")) or _text(channel.get("id")) or None,
            parent_id=_text(channel.get("parent_id")) or None,
            guild_id=guild_id,
            roles=frozenset(
                _text(role) for role in (*_list(member.get("roles")), guild_id) if role
            ),
            permissions=_bits(member.get("permissions")),
            attachment_size_limit=limit
            if type(limit) is int and limit > 0
            else DEFAULT_ATTACHMENT_SIZE_LIMIT,
            nsfw=channel.get("nsfw") is True,
        )

    @property
    def places(self) -> frozenset[str]:
        """The channel, and what it is part of, as far as Discord says."""
        return frozenset(place for place in (self.channel_id, self.parent_id) if place)

    def may(self, permission: int) -> bool:
        """Whether the member has a permission in this channel; never in a direct message."""
        return bool(self.permissions & permission)


def _subcommand(options: object) -> tuple[str | None, list[Mapping[str, Any]]]:
    """The name of the given sub-command, or None, and the options."""
    found = [_mapping(option) for option in _list(options)]
    if len(found) == 1 and found[0].get("type") == OptionType.SUB_COMMAND:
        inner = _list(found[0].get("options"))
        return _text(found[0].get("name")), [_mapping(option) for option in inner]
    return None, found


def _leaves(components: object, depth: int = 4) -> Iterator[Mapping[str, Any]]:
    """Every component that holds no other; our messages and modals are not nested deeper."""
    for component in map(_mapping, _list(components)) if depth else ():
        inner = component.get("components")
        if not inner and component.get("component"):
            inner = [component["component"]]
        if not inner:
            yield component
        else:
            yield from _leaves(inner, depth - 1)


def _bits(value: object) -> int:
    """Permission bits, which Discord writes as a decimal text."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 40 else 0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
