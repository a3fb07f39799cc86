"""Interactions as Discord sends them, read leniently.

Discord adds fields and types at any time, so fields that are not needed are ignored.
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from discord_diffusion.access.guild_channels import GuildChannel
from discord_diffusion.discord.command_model import OptionType
from discord_diffusion.discord.errors import InvalidInteractionError
from discord_diffusion.discord.layout import walk
from discord_diffusion.discord.message_content import Attachment, custom_ids_of, files_of
from discord_diffusion.discord.places import guild_channel, is_guest, is_thread
from discord_diffusion.discord.reading import listed, mapping, text
from discord_diffusion.jobs.job import DEFAULT_ATTACHMENT_SIZE_LIMIT, MAX_TOKEN_LENGTH


class InteractionType(IntEnum):
    """What the user did."""

    PING = 1
    APPLICATION_COMMAND = 2
    MESSAGE_COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


@dataclass(frozen=True)
class SourceMessage:
    """The message that a component is on, or that a message command is about.

    `attachments` are all files that it lists or shows. `asked_by` is the user whose interaction the
    message answers, `application_id` the application that answered.
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
        answered = mapping(payload.get("interaction_metadata"))
        return cls(
            text(payload.get("id")),
            text(payload.get("application_id")),
            text(mapping(payload.get("author")).get("id")),
            text(mapping(answered.get("user")).get("id")),
            files_of(payload),
            custom_ids_of(payload),
        )

    def is_of(self, application_id: str) -> bool:
        """Whether the application wrote the message: as an answer, or as its bot or webhook."""
        return bool(application_id) and application_id in (self.application_id, self.author_id)


@dataclass(frozen=True)
class Interaction:
    """The parts of an interaction that are used. Ids are snowflakes, `name` is the command's.

    `options` maps the given options to their values; `focused` is the one being typed.
    `fields` are the texts of a submitted modal, and `chosen` the values that were chosen in its
    selects, groups and uploads. `parent_id` is the channel of a thread or of a forum's
    post, or else the category. `channels` are those that the interaction describes: its own, and
    those that were chosen; `names` those of chosen roles and channels, by id. `guild_id` is None
    where the application is a guest, and `visited_guild_id` is that guild. `permissions` and
    `roles` are the member's in this channel; the roles include the guild's id, which is that of
    @everyone. `age_restricted` is what the channel says: nothing, if it is a thread. `token` is
    left out of `repr`. `traceparent` is no part of the payload: it names the trace of the HTTP
    request (https://www.w3.org/TR/trace-context/#traceparent-header).
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
    chosen: Mapping[str, tuple[str, ...]]
    attachments: Mapping[str, Attachment]
    message: SourceMessage | None
    channel_id: str | None
    parent_id: str | None
    is_thread: bool
    channels: tuple[GuildChannel, ...]
    names: Mapping[str, str]
    guild_id: str | None
    visited_guild_id: str | None
    roles: frozenset[str]
    permissions: int
    attachment_size_limit: int
    age_restricted: bool
    traceparent: str | None = None
    guild_locale: str | None = None

    @property
    def public_locale(self) -> str:
        """The language of what everybody in the channel reads: the server's, else the user's.

        https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
        """
        return self.guild_locale or self.locale

    @classmethod
    def from_payload(cls, payload: object) -> "Interaction":
        """Read a payload.

        Raises:
            InvalidInteractionError: the payload has no type, or a token that cannot be used.
        """
        if not isinstance(payload, Mapping) or type(payload.get("type")) is not int:
            raise InvalidInteractionError("the body is no interaction: it has no type")
        if len(text(payload.get("token"))) > MAX_TOKEN_LENGTH:
            raise InvalidInteractionError(f"its token has more than {MAX_TOKEN_LENGTH} characters")
        data = mapping(payload.get("data"))
        member = mapping(payload.get("member"))
        channel = mapping(payload.get("channel"))
        guild_id, guest = text(payload.get("guild_id")) or None, is_guest(payload)
        # `member.user` in a guild, `user` in a direct message.
        user = mapping(member.get("user")) or mapping(payload.get("user"))
        resolved = mapping(data.get("resolved"))
        chosen = [mapping(one) for one in mapping(resolved.get("channels")).values()]
        limit = payload.get("attachment_size_limit")
        target = mapping(resolved.get("messages")).get(text(data.get("target_id")))
        message = mapping(payload.get("message")) or mapping(target)
        subcommand, options = _subcommand(data.get("options"))
        return cls(
            id=text(payload.get("id")),
            type=payload["type"],
            application_id=text(payload.get("application_id")),
            token=text(payload.get("token")),
            user_id=text(user.get("id")),
            locale=text(payload.get("locale")) or "en-US",
            name=text(data.get("name")),
            subcommand=subcommand,
            options={text(option.get("name")): option.get("value") for option in options},
            focused=next(
                (text(option.get("name")) for option in options if option.get("focused")), None
            ),
            custom_id=text(data.get("custom_id")),
            fields={
                text(one.get("custom_id")): _entered(one.get("value"))
                for one in _inputs(data.get("components"))
            },
            chosen={
                text(one.get("custom_id")): tuple(map(text, listed(one.get("values"))))
                for one in _inputs(data.get("components"))
                if "values" in one
            },
            attachments={
                key: Attachment.read(mapping(attachment))
                for key, attachment in mapping(resolved.get("attachments")).items()
            },
            message=SourceMessage.read(message) if message else None,
            channel_id=text(payload.get("channel_id")) or text(channel.get("id")) or None,
            parent_id=text(channel.get("parent_id")) or None,
            is_thread=is_thread(channel),
            channels=tuple(
                found for one in (channel, *chosen) if not guest and (found := guild_channel(one))
            ),
            names={
                text(one.get("id")): text(one.get("name"))
                for one in (*chosen, *map(mapping, mapping(resolved.get("roles")).values()))
            },
            guild_id=None if guest else guild_id,
            guild_locale=None if guest else text(payload.get("guild_locale")) or None,
            visited_guild_id=guild_id if guest else None,
            roles=frozenset(
                text(role) for role in (*listed(member.get("roles")), guild_id) if role
            ),
            permissions=_bits(member.get("permissions")),
            attachment_size_limit=limit
            if type(limit) is int and limit > 0
            else DEFAULT_ATTACHMENT_SIZE_LIMIT,
            age_restricted=channel.get("nsfw") is True,
        )

    @property
    def places(self) -> frozenset[str]:
        """The channel, and what it is part of, as far as Discord says."""
        return frozenset(place for place in (self.channel_id, self.parent_id) if place)

    @property
    def home_id(self) -> str | None:
        """The channel in a guild, or that of a thread; None where nothing is known of it."""
        in_guild = self.guild_id is not None
        return (self.parent_id if self.is_thread else self.channel_id) if in_guild else None

    def may(self, permission: int) -> bool:
        """Whether the member has a permission in this channel; never in a direct message."""
        return bool(self.permissions & permission)


def _subcommand(options: object) -> tuple[str | None, list[Mapping[str, Any]]]:
    """The name of the given sub-command, or None, and the options."""
    found = [mapping(option) for option in listed(options)]
    if len(found) == 1 and found[0].get("type") == OptionType.SUB_COMMAND:
        inner = listed(found[0].get("options"))
        return text(found[0].get("name")), [mapping(option) for option in inner]
    return None, found


def _inputs(components: object) -> Iterator[Mapping[str, Any]]:
    """The inputs of a submitted modal."""
    return (component for component in walk(components) if component.get("custom_id"))


def _entered(value: object) -> str:
    """What an input holds: its text, or that of a chosen value; "true" is a checked box."""
    return "true" if value is True else text(value)


def _bits(value: object) -> int:
    """Permission bits, which Discord writes as a decimal text."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 40 else 0
