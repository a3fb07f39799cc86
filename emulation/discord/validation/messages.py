"""The body of a message that is made or edited.

Contract: https://docs.discord.com/developers/resources/message#create-message and
https://docs.discord.com/developers/resources/webhook#execute-webhook
"""

from collections.abc import Mapping

from emulation.discord.json_types import Json
from emulation.discord.state.messages import EPHEMERAL, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS
from emulation.discord.validation.components import message_components
from emulation.discord.validation.embeds import embeds
from emulation.discord.validation.fields import (
    Check,
    Field,
    Parser,
    boolean,
    fault,
    integer,
    list_of,
    model,
    snowflake,
    string,
    url,
)
from emulation.discord.validation.mentions import allowed_mentions

CONTENT = 2_000
ATTACHMENTS = 10

attachment = model(
    {
        "id": Field(snowflake, required=True),
        "filename": Field(string(1, 1024)),
        "title": Field(string(maximum=1024)),
        "description": Field(string(maximum=1024), nullable=True),
        "is_spoiler": Field(boolean),
    }
)

_COMMON: Mapping[str, Field] = {
    "content": Field(string(maximum=CONTENT), nullable=True),
    "embeds": Field(embeds, nullable=True),
    "components": Field(message_components, nullable=True),
    "allowed_mentions": Field(allowed_mentions, nullable=True),
    "attachments": Field(list_of(attachment, maximum=ATTACHMENTS), nullable=True),
    "flags": Field(integer(0), nullable=True),
}


def _only_flags(allowed: int) -> Check:
    """Refuse flags that an application cannot set here."""

    def check(value: Json) -> None:
        if (value.get("flags") or 0) & ~allowed:
            message = "Only the flags that this route documents may be set."
            raise fault("MESSAGE_FLAGS_INVALID", message, "flags")

    return check


def _no_polls(value: Json) -> None:
    """The stand-in has no polls, and says so rather than drop one."""
    if "poll" in value:
        raise fault("POLL_UNSUPPORTED", "The stand-in has no polls.", "poll")


def _nonce(value: object) -> object:
    return value if isinstance(value, int) else string(maximum=25)(value)


def _parser(extra: Mapping[str, Field], flags: int) -> Parser:
    fields = {**_COMMON, "poll": Field(lambda value: value), **extra}
    return model(fields, _only_flags(flags), _no_polls)


_VISIBLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS
_WEBHOOK_FIELDS = {
    "username": Field(string(1, 80)),
    "avatar_url": Field(url()),
    "tts": Field(boolean),
    "thread_name": Field(string(1, 100)),
}

created = _parser(
    {
        "tts": Field(boolean),
        "nonce": Field(_nonce),
        "message_reference": Field(
            model(
                {
                    "message_id": Field(snowflake, required=True),
                    "channel_id": Field(snowflake),
                    "guild_id": Field(snowflake),
                    "fail_if_not_exists": Field(boolean),
                }
            )
        ),
    },
    _VISIBLE,
)
"""Parser of a message that a bot makes."""

executed = _parser(_WEBHOOK_FIELDS, _VISIBLE)
"""Parser of a message that a channel's webhook makes."""

followed_up = _parser(_WEBHOOK_FIELDS, _VISIBLE | EPHEMERAL)
"""Parser of a message that answers an interaction, at once or as a follow-up."""

# An edit may name the flags a message has; only SUPPRESS_EMBEDS can be changed by one.
edited = _parser({}, _VISIBLE | EPHEMERAL)
"""Parser of an edit."""
