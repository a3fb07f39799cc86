"""Parsers of a message's body, and of the mentions in its text.

Contract: https://docs.discord.com/developers/resources/message#create-message,
https://docs.discord.com/developers/resources/webhook#execute-webhook and
https://docs.discord.com/developers/resources/message#allowed-mentions-object
"""

import re
from collections.abc import Mapping

from discord_stand_in.json_types import Json
from discord_stand_in.state.messages import (
    EPHEMERAL,
    IS_COMPONENTS_V2,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
)
from discord_stand_in.validation import fields
from discord_stand_in.validation.components import legacy_components
from discord_stand_in.validation.embeds import embeds
from discord_stand_in.validation.fields import Check, Field, Parser
from discord_stand_in.validation.layout import layout_components

MAX_CONTENT = 2_000
MAX_ATTACHMENTS = 10

_MENTION_TYPES = ("roles", "users", "everyone")
_MAX_MENTIONED_IDS = 100
_USER_MENTION = re.compile(r"<@!?([0-9]{15,20})>")
_ROLE_MENTION = re.compile(r"<@&([0-9]{15,20})>")
_EVERYONE_MENTION = re.compile(r"@(?:everyone|here)\b")


def _check_mentions(allowed: Json) -> None:
    for mention_type in ("users", "roles"):
        if mention_type in allowed.get("parse", []) and allowed.get(mention_type):
            message = (
                f'parse:["{mention_type}"] and {mention_type}: [ids...] are mutually exclusive.'
            )
            raise fields.invalid("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


allowed_mentions = fields.model(
    {
        "parse": Field(fields.list_of(fields.one_of(_MENTION_TYPES, fields.string()))),
        "users": Field(fields.list_of(fields.snowflake, maximum=_MAX_MENTIONED_IDS)),
        "roles": Field(fields.list_of(fields.snowflake, maximum=_MAX_MENTIONED_IDS)),
        "replied_user": Field(fields.boolean),
    },
    _check_mentions,
)
"""Parser of the allowed mentions object."""


def pings(content: str, allowed: Json | None) -> Json:
    """Who `content` notifies: `everyone`, `users` and `roles`; without `allowed`, all it names."""
    parse = _MENTION_TYPES if allowed is None else allowed.get("parse", [])
    listed = allowed or {}
    roles = dict.fromkeys(_ROLE_MENTION.findall(content))
    return {
        "everyone": "everyone" in parse and _EVERYONE_MENTION.search(content) is not None,
        "users": [
            user
            for user in mentioned_users(content)
            if "users" in parse or user in listed.get("users", [])
        ],
        "roles": [role for role in roles if "roles" in parse or role in listed.get("roles", [])],
    }


def mentioned_users(content: str) -> list[str]:
    """The ids of the users that a text names, whether or not they are notified."""
    return list(dict.fromkeys(_USER_MENTION.findall(content)))


_ATTACHMENT = fields.model(
    {
        "id": Field(fields.snowflake, required=True),
        "filename": Field(fields.string(1, 1024)),
        "title": Field(fields.string(maximum=1024)),
        "description": Field(fields.string(maximum=1024), nullable=True),
        "is_spoiler": Field(fields.boolean),
    }
)
_COMMON_FIELDS: Mapping[str, Field] = {
    "content": Field(fields.string(maximum=MAX_CONTENT), nullable=True),
    "embeds": Field(embeds, nullable=True),
    "allowed_mentions": Field(allowed_mentions, nullable=True),
    "attachments": Field(fields.list_of(_ATTACHMENT, maximum=MAX_ATTACHMENTS), nullable=True),
    "flags": Field(fields.integer(0), nullable=True),
    "poll": Field(lambda value: value),
    "sticker_ids": Field(fields.list_of(fields.snowflake, maximum=3), nullable=True),
}


_IS_VOICE_MESSAGE = 1 << 13
_FORWARD = 1
"""Of a reference: the message is forwarded, not replied to."""


def _only_flags(allowed: int) -> Check:
    """A check that refuses the flags that an application cannot set here."""

    def check(value: Json) -> None:
        if (value.get("flags") or 0) & ~allowed:
            message = "Only the flags that this route documents may be set."
            raise fields.invalid("MESSAGE_FLAGS_INVALID", message, "flags")

    return check


def _refuse_what_is_not_there(value: Json) -> None:
    """Refuse what the stand-in lacks, rather than ignore it."""
    reference = value.get("message_reference") or {}
    for has, name, what in (
        ("poll" in value, "poll", "polls"),
        (bool(value.get("sticker_ids")), "sticker_ids", "stickers"),
        (bool((value.get("flags") or 0) & _IS_VOICE_MESSAGE), "flags", "voice messages"),
        (reference.get("type") == _FORWARD, "message_reference", "forwarded messages"),
    ):
        if has:
            code = what.upper().replace(" ", "_")
            raise fields.invalid(f"{code}_UNSUPPORTED", f"The stand-in has no {what}.", name)


_LEGACY_FIELDS = ("content", "embeds", "poll", "sticker_ids")


def _refuse_legacy_fields(value: Json) -> None:
    """Refuse what a message of components alone cannot have; null and an empty list are nothing.

    Seen at https://github.com/discord/discord-api-docs/issues/7658
    """
    for name in _LEGACY_FIELDS:
        if value.get(name) not in (None, []):
            text = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            raise fields.invalid(code, text, name)


def _message(extra_fields: Mapping[str, Field], flags: int, *, is_v2: bool = False) -> Parser:
    """A parser of messages; `is_v2`: whether an edited message consists of components alone."""
    common, checks = (
        {**_COMMON_FIELDS, **extra_fields},
        (_refuse_what_is_not_there, _only_flags(flags)),
    )
    legacy = fields.model(
        {**common, "components": Field(legacy_components, nullable=True)}, *checks
    )
    v2 = fields.model({**common, "components": Field(layout_components, nullable=True)}, *checks)
    parse_flags = fields.model({"flags": _COMMON_FIELDS["flags"]})

    def parse(value: object) -> Json:
        flags_given = parse_flags(value).get("flags") or 0
        parse_rest = legacy
        if is_v2 or flags_given & IS_COMPONENTS_V2:
            _refuse_legacy_fields(fields.require_object(value))
            parse_rest = v2
        parsed: Json = parse_rest(value)
        return parsed

    return parse


def _nonce(value: object) -> object:
    return value if isinstance(value, int) else fields.string(maximum=25)(value)


_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_COMPONENTS_V2
_WEBHOOK_FIELDS = {
    "username": Field(fields.string(1, 80)),
    "avatar_url": Field(fields.url()),
    "tts": Field(fields.boolean),
    "thread_name": Field(fields.string(1, 100)),
}
_REFERENCE = fields.model(
    {
        "type": Field(fields.integer(0, _FORWARD)),
        "message_id": Field(fields.snowflake, required=True),
        "channel_id": Field(fields.snowflake),
        "guild_id": Field(fields.snowflake),
        "fail_if_not_exists": Field(fields.boolean),
    }
)

_BOT_FIELDS = {
    "tts": Field(fields.boolean),
    "nonce": Field(_nonce),
    "message_reference": Field(_REFERENCE),
}

bot_message = _message(_BOT_FIELDS, _FLAGS)
"""Parser of a message that a bot posts into a channel."""

webhook_message = _message(_WEBHOOK_FIELDS, _FLAGS)
"""Parser of a message that a channel's webhook posts."""

interaction_message = _message(_WEBHOOK_FIELDS, _FLAGS | EPHEMERAL)
"""Parser of a message that responds to an interaction or follows it up."""

# An edit may name the flags a message has; it can change SUPPRESS_EMBEDS, and set IS_COMPONENTS_V2.
_EDIT = {is_v2: _message({}, _FLAGS | EPHEMERAL, is_v2=is_v2) for is_v2 in (False, True)}


def edit(value: object, *, is_v2: bool) -> Json:
    """Parse an edit of a message, which may consist of components alone already."""
    parsed: Json = _EDIT[is_v2](value)
    return parsed
