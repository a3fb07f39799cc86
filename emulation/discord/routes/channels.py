"""Users, the guild, channels and their messages, as a bot sees them.

Contract: https://docs.discord.com/developers/resources/channel, .../message, .../user, .../guild
"""

import secrets

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from emulation.discord import messages as composing
from emulation.discord.backend import StandIn
from emulation.discord.errors import (
    NOT_THE_AUTHOR,
    UNKNOWN_MESSAGE,
    DiscordError,
    InvalidFormError,
)
from emulation.discord.json_types import Json
from emulation.discord.messages import Draft, compose, revise
from emulation.discord.routes.dependencies import (
    API,
    BOT,
    StandInDep,
    answer,
    body_of,
    path_id,
)
from emulation.discord.routes.webhooks import webhook_json
from emulation.discord.state.directory import Channel, Webhook
from emulation.discord.state.messages import DEFAULT, REPLY, Message
from emulation.discord.validation import messages as bodies
from emulation.discord.validation.fields import (
    Field,
    FieldError,
    integer,
    model,
    parse_form,
    snowflake,
    string,
)

router = APIRouter(prefix=API, tags=["channels"], dependencies=BOT)

_MESSAGES = "/channels/{channel_id}/messages"
_PAGE = model(
    {
        "limit": Field(integer(1, 100)),
        "before": Field(snowflake),
        "after": Field(snowflake),
        "around": Field(snowflake),
    }
)
_DM = model({"recipient_id": Field(snowflake, required=True)})
_WEBHOOK = model({"name": Field(string(1, 80), required=True)})


@router.get("/users/@me")
async def get_current_user(standin: StandInDep) -> JSONResponse:
    """The bot."""
    return answer(standin.bot_user() | {"verified": True, "mfa_enabled": True, "flags": 0})


@router.get("/users/{user_id}")
async def get_user(standin: StandInDep, user_id: str) -> JSONResponse:
    """A user."""
    return answer(standin.world.user(path_id("user_id", user_id)).as_json())


@router.post("/users/@me/channels")
async def open_dm(request: Request, standin: StandInDep) -> JSONResponse:
    """The DM with a user."""
    body = await body_of(request, standin)
    wanted = parse_form(_DM, body.payload)
    channel = standin.world.dm_with(standin.world.user(wanted["recipient_id"]).id)
    return answer(_channel(standin, channel))


@router.get("/guilds/{guild_id}")
async def get_guild(standin: StandInDep, guild_id: str) -> JSONResponse:
    """The guild."""
    return answer(standin.world.require_guild(path_id("guild_id", guild_id)).as_json())


@router.get("/guilds/{guild_id}/channels")
async def list_channels(standin: StandInDep, guild_id: str) -> JSONResponse:
    """The guild's channels, without its threads."""
    guild = standin.world.require_guild(path_id("guild_id", guild_id))
    found = [one for one in standin.world.channels.values() if one.guild_id == guild.id]
    return answer([_channel(standin, one) for one in found if not one.is_thread])


@router.get("/channels/{channel_id}")
async def get_channel(standin: StandInDep, channel_id: str) -> JSONResponse:
    """A channel."""
    return answer(_channel(standin, _known(standin, channel_id)))


@router.get("/channels/{channel_id}/webhooks")
async def list_webhooks(standin: StandInDep, channel_id: str) -> JSONResponse:
    """A channel's webhooks."""
    channel = _known(standin, channel_id)
    found = [one for one in standin.world.webhooks.values() if one.channel_id == channel.id]
    return answer([webhook_json(standin, one) for one in found])


@router.post("/channels/{channel_id}/webhooks")
async def create_webhook(request: Request, standin: StandInDep, channel_id: str) -> JSONResponse:
    """Make a webhook in a channel."""
    channel = _known(standin, channel_id)
    body = await body_of(request, standin)
    name = parse_form(_WEBHOOK, body.payload)["name"]
    made = Webhook(standin.snowflakes.next(), channel.id, name, secrets.token_urlsafe(51))
    standin.world.webhooks[made.id] = made
    return answer(webhook_json(standin, made))


@router.get(_MESSAGES)
async def list_messages(request: Request, standin: StandInDep, channel_id: str) -> JSONResponse:
    """A page of messages, newest first; ephemeral ones are nobody's but their user's."""
    channel = _known(standin, channel_id)
    page = parse_form(_PAGE, dict(request.query_params))
    found = [one for one in standin.messages.in_channel(channel.id) if one.ephemeral_for is None]
    found.sort(key=lambda one: int(one.id), reverse=True)
    return answer([standin.messages.as_json(one) for one in _page(found, page)])


def _page(newest_first: list[Message], page: Json) -> list[Message]:
    """What `before`, `after` or `around` (in that order of weight) and `limit` leave."""
    limit = page.get("limit", 50)
    if "around" in page:
        pivot = int(page["around"])
        near = sorted(newest_first, key=lambda one: abs(int(one.id) - pivot))[:limit]
        return sorted(near, key=lambda one: int(one.id), reverse=True)
    if "before" in page:
        older = [one for one in newest_first if int(one.id) < int(page["before"])]
        return older[:limit]
    if "after" in page:
        newer = [one for one in newest_first if int(one.id) > int(page["after"])]
        return newer[-limit:]
    return newest_first[:limit]


@router.get(_MESSAGES + "/{message_id}")
async def get_message(standin: StandInDep, channel_id: str, message_id: str) -> JSONResponse:
    """A message of a channel."""
    return answer(standin.messages.as_json(_message(standin, channel_id, message_id)))


@router.post(_MESSAGES)
async def create_message(request: Request, standin: StandInDep, channel_id: str) -> JSONResponse:
    """Post a message as the bot."""
    channel = _known(standin, channel_id)
    body = await body_of(request, standin, multipart=True)
    fields = parse_form(bodies.created, body.payload)
    reply_to = fields.get("message_reference", {}).get("message_id")
    if reply_to is not None and fields["message_reference"].get("fail_if_not_exists", True):
        _message(standin, channel_id, reply_to)
    message = Message(
        id=standin.snowflakes.next(),
        channel_id=channel.id,
        author=standin.bot_user(),
        created_at=standin.clock.now(),
        type=DEFAULT if reply_to is None else REPLY,
        flags=int(fields.get("flags") or 0),
        reply_to=reply_to,
    )
    draft = Draft(fields, body.files, standin.limits.attachment_bytes)
    try:
        compose(standin, message, draft)
    except FieldError as error:
        raise InvalidFormError(error.tree) from error
    return answer(standin.messages.as_json(message))


@router.patch(_MESSAGES + "/{message_id}")
async def edit_message(
    request: Request, standin: StandInDep, channel_id: str, message_id: str
) -> JSONResponse:
    """Edit a message of the bot's."""
    message = _message(standin, channel_id, message_id)
    if message.author["id"] != standin.application.id:
        raise DiscordError(NOT_THE_AUTHOR)
    body = await body_of(request, standin, multipart=True)
    fields = parse_form(bodies.edited, body.payload)
    draft = Draft(fields, body.files, standin.limits.attachment_bytes)
    try:
        revise(standin, message, draft)
    except FieldError as error:
        raise InvalidFormError(error.tree) from error
    return answer(standin.messages.as_json(message))


@router.delete(_MESSAGES + "/{message_id}", status_code=204)
async def delete_message(standin: StandInDep, channel_id: str, message_id: str) -> Response:
    """Delete a message."""
    composing.delete(standin, _message(standin, channel_id, message_id))
    return Response(status_code=204)


@router.post("/channels/{channel_id}/typing", status_code=204)
async def start_typing(standin: StandInDep, channel_id: str) -> Response:
    """Show the bot as typing."""
    channel = _known(standin, channel_id)
    standin.events.publish("typing", {"channel_id": channel.id, "user_id": standin.application.id})
    return Response(status_code=204)


def _known(standin: StandIn, channel_id: str) -> Channel:
    return standin.world.channel(path_id("channel_id", channel_id))


def _channel(standin: StandIn, channel: Channel) -> Json:
    return standin.world.channel_json(channel, standin.messages.last_id(channel.id))


def _message(standin: StandIn, channel_id: str, message_id: str) -> Message:
    """A message that the bot can see in a channel."""
    channel = _known(standin, channel_id)
    message = standin.messages.get(path_id("message_id", message_id))
    if message.channel_id != channel.id or message.ephemeral_for is not None:
        raise DiscordError(UNKNOWN_MESSAGE)
    return message
