"""Users, channels and their messages, as a bot sees them.

Contract: https://docs.discord.com/developers/resources/channel, .../message, .../user, .../guild
"""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from discord_stand_in.config import API
from discord_stand_in.errors import NOT_THE_AUTHOR, UNKNOWN_MESSAGE, DiscordError
from discord_stand_in.json_types import Json
from discord_stand_in.messages import create_message, delete_message, edit_message
from discord_stand_in.routes.dependencies import BOT_ONLY, BackendDep, FormBody, JsonBody, path_id
from discord_stand_in.routes.webhooks import webhook_json
from discord_stand_in.state.channels import Channel
from discord_stand_in.state.directory import Webhook
from discord_stand_in.state.messages import DEFAULT, REPLY, Message
from discord_stand_in.validation import messages as parsers
from discord_stand_in.validation.fields import Field, integer, model, snowflake, string

router = APIRouter(prefix=API, tags=["channels"], dependencies=BOT_ONLY)

_CHANNEL = "/channels/{channel_id}"
_MESSAGE = _CHANNEL + "/messages/{message_id}"
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


def _channel(backend: BackendDep, channel_id: str) -> Channel:
    """The channel of a path; raises UNKNOWN_CHANNEL (10003)."""
    return backend.directory.channel(path_id("channel_id", channel_id))


ChannelDep = Annotated[Channel, Depends(_channel)]


def _message(backend: BackendDep, channel: ChannelDep, message_id: str) -> Message:
    """A message that the bot can see in a channel; raises UNKNOWN_MESSAGE (10008)."""
    message = backend.messages.get(path_id("message_id", message_id))
    if message.channel_id != channel.id or message.ephemeral_for is not None:
        raise DiscordError(UNKNOWN_MESSAGE)
    return message


MessageDep = Annotated[Message, Depends(_message)]


@router.get("/users/@me")
async def get_current_user(backend: BackendDep) -> JSONResponse:
    """The bot."""
    account = {"verified": True, "mfa_enabled": True, "flags": 0}
    return JSONResponse(backend.bot_user() | account)


@router.get("/users/{user_id}")
async def get_user(backend: BackendDep, user_id: str) -> JSONResponse:
    """A user."""
    return JSONResponse(backend.directory.user(path_id("user_id", user_id)).as_json())


@router.post("/users/@me/channels")
async def open_dm(backend: BackendDep, body: JsonBody) -> JSONResponse:
    """The DM with a user."""
    user = backend.directory.user(_DM(body)["recipient_id"])
    return JSONResponse(backend.channel_json(backend.directory.dm_channel(user.id)))


@router.get(_CHANNEL)
async def get_channel(backend: BackendDep, channel: ChannelDep) -> JSONResponse:
    """A channel."""
    return JSONResponse(backend.channel_json(channel))


@router.get(_CHANNEL + "/webhooks")
async def list_webhooks(backend: BackendDep, channel: ChannelDep) -> JSONResponse:
    """A channel's webhooks."""
    webhooks = backend.directory.webhooks.values()
    own = [webhook for webhook in webhooks if webhook.channel_id == channel.id]
    return JSONResponse([webhook_json(backend, webhook) for webhook in own])


@router.post(_CHANNEL + "/webhooks")
async def create_webhook(backend: BackendDep, channel: ChannelDep, body: JsonBody) -> JSONResponse:
    """Create a webhook in a channel."""
    name = _WEBHOOK(body)["name"]
    webhook = Webhook(backend.snowflakes.next(), channel.id, name, secrets.token_urlsafe(51))
    backend.directory.webhooks[webhook.id] = webhook
    backend.dispatch("WEBHOOKS_UPDATE", {"channel_id": channel.id}, channel.guild_id)
    return JSONResponse(webhook_json(backend, webhook))


@router.get(_CHANNEL + "/messages")
async def list_messages(request: Request, backend: BackendDep, channel: ChannelDep) -> JSONResponse:
    """A page of messages, newest first, without the ephemeral ones."""
    page = _PAGE(dict(request.query_params))
    messages = backend.messages.in_channel(channel.id)
    visible = [message for message in messages if message.ephemeral_for is None]
    selected = _select(sorted(visible, key=_number, reverse=True), page)
    return JSONResponse([backend.messages.as_json(message) for message in selected])


def _number(message: Message) -> int:
    return int(message.id)


def _select(newest_first: list[Message], page: Json) -> list[Message]:
    """The page that `around`, else `before`, else `after` and `limit` select."""
    limit = page.get("limit", 50)
    if "around" in page:
        pivot = int(page["around"])
        near = sorted(newest_first, key=lambda message: abs(_number(message) - pivot))[:limit]
        return sorted(near, key=_number, reverse=True)
    if "before" in page:
        before = int(page["before"])
        return [message for message in newest_first if _number(message) < before][:limit]
    if "after" in page:
        after = int(page["after"])
        return [message for message in newest_first if _number(message) > after][-limit:]
    return newest_first[:limit]


@router.get(_MESSAGE)
async def get_message(backend: BackendDep, message: MessageDep) -> JSONResponse:
    """A message of a channel."""
    return JSONResponse(backend.messages.as_json(message))


@router.post(_CHANNEL + "/messages")
async def create_bot_message(
    backend: BackendDep, channel: ChannelDep, body: FormBody
) -> JSONResponse:
    """Post a message as the bot."""
    fields = parsers.bot_message(body.payload)
    reference = fields.get("message_reference", {})
    reply_to = reference.get("message_id")
    if reply_to is not None and reference.get("fail_if_not_exists", True):
        _message(backend, channel, reply_to)
    message = Message(
        id=backend.snowflakes.next(),
        channel_id=channel.id,
        author=backend.bot_user(),
        created_at=backend.clock.now(),
        type=DEFAULT if reply_to is None else REPLY,
        flags=int(fields.get("flags") or 0),
        reply_to=reply_to,
    )
    create_message(backend, message, fields, body.files)
    return JSONResponse(backend.messages.as_json(message))


def _own_message(backend: BackendDep, message: MessageDep) -> Message:
    """The message of a path, if the bot wrote it; raises NOT_THE_AUTHOR (50005)."""
    if message.author["id"] != backend.application.id:
        raise DiscordError(NOT_THE_AUTHOR)
    return message


@router.patch(_MESSAGE)
async def edit_bot_message(
    backend: BackendDep, message: Annotated[Message, Depends(_own_message)], body: FormBody
) -> JSONResponse:
    """Edit a message of the bot."""
    fields = parsers.edit(body.payload, is_v2=message.is_v2)
    edit_message(backend, message, fields, body.files)
    return JSONResponse(backend.messages.as_json(message))


@router.delete(_MESSAGE, status_code=204)
async def delete_channel_message(backend: BackendDep, message: MessageDep) -> Response:
    """Delete a message of a channel."""
    delete_message(backend, message)
    return Response(status_code=204)


@router.post(_CHANNEL + "/typing", status_code=204)
async def start_typing(backend: BackendDep, channel: ChannelDep) -> Response:
    """Show the bot as typing."""
    typing = {"channel_id": channel.id, "user_id": backend.application.id}
    backend.events.publish("typing", typing)
    now = int(backend.clock.now())
    backend.dispatch("TYPING_START", typing | {"timestamp": now}, channel.guild_id)
    return Response(status_code=204)
