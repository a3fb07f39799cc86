"""Pinned messages, and messages that are deleted together.

Contract: https://docs.discord.com/developers/resources/message#get-channel-pins
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from discord_stand_in.backend import Backend
from discord_stand_in.clock import iso
from discord_stand_in.config import API
from discord_stand_in.errors import NOT_IN_DM, TOO_MANY_PINS, TOO_OLD_TO_DELETE, DiscordError
from discord_stand_in.messages import delete_message
from discord_stand_in.routes.channels import ChannelDep, MessageDep
from discord_stand_in.routes.dependencies import BOT_ONLY, BackendDep, JsonBody
from discord_stand_in.snowflakes import created_at
from discord_stand_in.state.channels import Channel
from discord_stand_in.state.messages import Message
from discord_stand_in.validation.fields import Field, integer, list_of, model, snowflake, string

router = APIRouter(prefix=API, tags=["pins"], dependencies=BOT_ONLY)

_CHANNEL = "/channels/{channel_id}"
_PINS = _CHANNEL + "/messages/pins"
_OLD_PINS = _CHANNEL + "/pins"
_MAX_PINS = 250
_OLDEST_SECONDS = 14 * 24 * 3600.0
_PAGE = model({"limit": Field(integer(1, 50)), "before": Field(string())})
_BULK = model({"messages": Field(list_of(snowflake, 2, 100), required=True)})


def _pinned(backend: Backend, channel: Channel) -> list[Message]:
    """The pinned messages of a channel, the one that was pinned last first."""
    messages = backend.messages.in_channel(channel.id)
    pinned = [one for one in messages if one.pinned_at is not None]
    return sorted(pinned, key=lambda one: one.pinned_at or 0.0, reverse=True)


@router.get(_PINS)
async def list_pins(request: Request, backend: BackendDep, channel: ChannelDep) -> JSONResponse:
    """A page of the channel's pinned messages, with the times at which they were pinned."""
    page = _PAGE(dict(request.query_params))
    found = [
        {"pinned_at": iso(one.pinned_at or 0.0), "message": backend.messages.as_json(one)}
        for one in _pinned(backend, channel)
    ]
    if "before" in page:
        found = [one for one in found if str(one["pinned_at"]) < page["before"]]
    limit = page.get("limit", 50)
    return JSONResponse({"items": found[:limit], "has_more": len(found) > limit})


@router.get(_OLD_PINS)
async def list_pins_by_the_old_route(backend: BackendDep, channel: ChannelDep) -> JSONResponse:
    """The channel's pinned messages; this route is deprecated."""
    pinned = _pinned(backend, channel)[:50]
    return JSONResponse([backend.messages.as_json(one) for one in pinned])


@router.put(_PINS + "/{message_id}", status_code=204)
@router.put(_OLD_PINS + "/{message_id}", status_code=204)
async def pin(backend: BackendDep, channel: ChannelDep, message: MessageDep) -> Response:
    """Pin a message."""
    if message.pinned_at is None:
        if len(_pinned(backend, channel)) >= _MAX_PINS:
            raise DiscordError(TOO_MANY_PINS)
        message.pinned_at = backend.clock.now()
        _publish(backend, channel, message)
    return Response(status_code=204)


@router.delete(_PINS + "/{message_id}", status_code=204)
@router.delete(_OLD_PINS + "/{message_id}", status_code=204)
async def unpin(backend: BackendDep, channel: ChannelDep, message: MessageDep) -> Response:
    """Unpin a message."""
    if message.pinned_at is not None:
        message.pinned_at = None
        _publish(backend, channel, message)
    return Response(status_code=204)


def _publish(backend: Backend, channel: Channel, message: Message) -> None:
    backend.publish_message("updated", message)
    pinned = _pinned(backend, channel)
    last = None if not pinned else iso(pinned[0].pinned_at or 0.0)
    content = {"channel_id": channel.id, "last_pin_timestamp": last}
    backend.dispatch("CHANNEL_PINS_UPDATE", content, channel.guild_id)


@router.post(_CHANNEL + "/messages/bulk-delete", status_code=204)
async def bulk_delete(backend: BackendDep, channel: ChannelDep, body: JsonBody) -> Response:
    """Delete 2 to 100 messages, none of them older than two weeks; unknown ids are ignored."""
    if channel.guild_id is None:
        raise DiscordError(NOT_IN_DM)
    ids = _BULK(body)["messages"]
    if any(created_at(one) < backend.clock.now() - _OLDEST_SECONDS for one in ids):
        raise DiscordError(TOO_OLD_TO_DELETE)
    known = [one for one in backend.messages.in_channel(channel.id) if one.id in ids]
    for message in known:
        delete_message(backend, message, dispatches=False)
    content = {"ids": [one.id for one in known], "channel_id": channel.id}
    backend.dispatch("MESSAGE_DELETE_BULK", content, channel.guild_id)
    return Response(status_code=204)
