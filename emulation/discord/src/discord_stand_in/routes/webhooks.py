"""Webhooks: a channel's own, and the one that each interaction has for 15 minutes.

Contract: https://docs.discord.com/developers/resources/webhook and
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from discord_stand_in import errors
from discord_stand_in.backend import Backend, bot_user_json
from discord_stand_in.config import API
from discord_stand_in.errors import DiscordError
from discord_stand_in.interactions.responses import create_response, file_limit
from discord_stand_in.json_types import Json
from discord_stand_in.messages import Files, create_message, delete_message, edit_message
from discord_stand_in.request_body import read_body
from discord_stand_in.routes.dependencies import (
    BOT_ONLY,
    BackendDep,
    FormBody,
    JsonBody,
    path_id,
    query_boolean,
)
from discord_stand_in.state.directory import Webhook
from discord_stand_in.state.interactions import Interaction
from discord_stand_in.state.messages import LOADING, Message
from discord_stand_in.validation import messages as parsers
from discord_stand_in.validation.fields import Field, model, snowflake, string

router = APIRouter(prefix=API, tags=["webhooks"])

_ORIGINAL = "@original"
_WEBHOOK = "/webhooks/{webhook_id}/{token}"
_WEBHOOK_EDIT = model(
    {
        "name": Field(string(1, 80)),
        "avatar": Field(string(), nullable=True),
        "channel_id": Field(snowflake),
    }
)
_MESSAGE = _WEBHOOK + "/messages/{message_id}"


def _webhook(backend: BackendDep, webhook_id: str, token: str) -> Webhook | Interaction:
    """The channel's webhook of a path, or the interaction whose webhook it is.

    Raises UNKNOWN_WEBHOOK (10015) for an unknown id, or before the interaction's response has
    arrived, and INVALID_WEBHOOK_TOKEN (401, 50027) for a wrong or expired token.
    """
    webhook = backend.directory.webhooks.get(path_id("webhook_id", webhook_id))
    if webhook is not None:
        if token != webhook.token:
            raise DiscordError(errors.INVALID_WEBHOOK_TOKEN)
        return webhook
    if webhook_id != backend.application.id:
        raise DiscordError(errors.UNKNOWN_WEBHOOK)
    interaction = backend.interactions.find_by_token(token)
    if interaction is None or backend.interactions.has_expired(interaction):
        raise DiscordError(errors.INVALID_WEBHOOK_TOKEN)
    if not interaction.acknowledged or _strikes_early_404(backend, interaction):
        raise DiscordError(errors.UNKNOWN_WEBHOOK)
    if not interaction.has_event("webhook"):
        backend.add_timeline_event(interaction, "webhook")
    return interaction


def _strikes_early_404(backend: Backend, interaction: Interaction) -> bool:
    """Whether chaos hides the webhook: not all of Discord's servers know the response yet."""
    answered_at = next(e.at for e in interaction.events if e.name == interaction.outcome)
    fault = backend.chaos.active("early_404")
    if fault is None or backend.clock.now() - answered_at > fault.seconds:
        return False
    return backend.chaos.strike("early_404") is not None


WebhookDep = Annotated[Webhook | Interaction, Depends(_webhook)]


def _message(
    request: Request, backend: BackendDep, webhook: WebhookDep, message_id: str
) -> Message:
    """The message of a path, in the thread of the query; raises UNKNOWN_MESSAGE (10008)."""
    if isinstance(webhook, Interaction):
        if message_id == _ORIGINAL:
            return backend.messages.get(webhook.message_id)
        message = backend.messages.get(path_id("message_id", message_id))
        if message.id != webhook.message_id and message.id not in webhook.message_ids:
            raise DiscordError(errors.UNKNOWN_MESSAGE)
        return message
    if message_id != _ORIGINAL:
        path_id("message_id", message_id)
    message = backend.messages.get(message_id)
    is_own = message.webhook_id == webhook.id
    if not is_own or message.channel_id != _target_channel_id(request, backend, webhook):
        raise DiscordError(errors.UNKNOWN_MESSAGE)
    return message


MessageDep = Annotated[Message, Depends(_message)]


def _target_channel_id(request: Request, backend: Backend, webhook: Webhook) -> str:
    """The webhook's channel, or a thread of it; UNKNOWN_CHANNEL (10003) for any other."""
    thread_id = request.query_params.get("thread_id")
    if thread_id is None:
        return webhook.channel_id
    thread = backend.directory.channel(path_id("thread_id", thread_id))
    if not thread.is_thread or thread.parent_id != webhook.channel_id:
        raise DiscordError(errors.UNKNOWN_CHANNEL)
    return thread.id


def webhook_json(backend: Backend, webhook: Webhook) -> Json:
    """The webhook object of a channel's webhook."""
    return {
        "id": webhook.id,
        "type": 1,
        "name": webhook.name,
        "avatar": None,
        "channel_id": webhook.channel_id,
        "guild_id": backend.directory.channel(webhook.channel_id).guild_id,
        "application_id": backend.application.id,
        "token": webhook.token,
        "url": f"{backend.config.public_url}{API}/webhooks/{webhook.id}/{webhook.token}",
    }


def _own_webhook(backend: BackendDep, webhook_id: str) -> Webhook:
    """The channel's webhook of a path without a token; UNKNOWN_WEBHOOK (10015) for another."""
    webhook = backend.directory.webhooks.get(path_id("webhook_id", webhook_id))
    if webhook is None:
        raise DiscordError(errors.UNKNOWN_WEBHOOK)
    return webhook


OwnWebhookDep = Annotated[Webhook, Depends(_own_webhook)]


@router.get("/webhooks/{webhook_id}", dependencies=BOT_ONLY)
async def get_webhook(backend: BackendDep, webhook: OwnWebhookDep) -> JSONResponse:
    """A channel's webhook, for the bot."""
    return JSONResponse(webhook_json(backend, webhook))


@router.get(_WEBHOOK)
async def get_webhook_with_token(backend: BackendDep, webhook: WebhookDep) -> JSONResponse:
    """A channel's webhook, by its token instead of the bot's; that of an interaction is unknown."""
    if isinstance(webhook, Interaction):
        raise DiscordError(errors.UNKNOWN_WEBHOOK)
    return JSONResponse(webhook_json(backend, webhook))


@router.patch("/webhooks/{webhook_id}", dependencies=BOT_ONLY)
async def edit_webhook(backend: BackendDep, webhook: OwnWebhookDep, body: JsonBody) -> JSONResponse:
    """Change the name of a channel's webhook, or move it."""
    changes = _WEBHOOK_EDIT(body)
    if "channel_id" in changes:
        backend.directory.channel(changes["channel_id"])
    return JSONResponse(webhook_json(backend, _change(backend, webhook, changes)))


@router.patch(_WEBHOOK)
async def edit_webhook_with_token(
    backend: BackendDep, webhook: WebhookDep, body: JsonBody
) -> JSONResponse:
    """Change the name of a channel's webhook, by its token; that cannot move it."""
    if isinstance(webhook, Interaction):
        raise DiscordError(errors.UNKNOWN_WEBHOOK)
    changes = _WEBHOOK_EDIT(body)
    changes.pop("channel_id", None)
    return JSONResponse(webhook_json(backend, _change(backend, webhook, changes)))


@router.delete("/webhooks/{webhook_id}", dependencies=BOT_ONLY, status_code=204)
async def delete_webhook(backend: BackendDep, webhook: OwnWebhookDep) -> Response:
    """Delete a channel's webhook."""
    return _delete(backend, webhook)


@router.delete(_WEBHOOK, status_code=204)
async def delete_webhook_with_token(backend: BackendDep, webhook: WebhookDep) -> Response:
    """Delete a channel's webhook, by its token."""
    if isinstance(webhook, Interaction):
        raise DiscordError(errors.UNKNOWN_WEBHOOK)
    return _delete(backend, webhook)


def _change(backend: Backend, webhook: Webhook, changes: Json) -> Webhook:
    """Keep a webhook with changes; its avatar is not kept."""
    changes.pop("avatar", None)
    changed = replace(webhook, **changes)
    backend.directory.webhooks[webhook.id] = changed
    _publish(backend, {webhook.channel_id, changed.channel_id})
    return changed


def _delete(backend: Backend, webhook: Webhook) -> Response:
    del backend.directory.webhooks[webhook.id]
    _publish(backend, {webhook.channel_id})
    return Response(status_code=204)


def _publish(backend: Backend, channel_ids: set[str]) -> None:
    for channel_id in channel_ids:
        guild_id = backend.directory.channel(channel_id).guild_id
        backend.dispatch("WEBHOOKS_UPDATE", {"channel_id": channel_id}, guild_id)


@router.post(_WEBHOOK)
async def execute_webhook(request: Request, backend: BackendDep, webhook: WebhookDep) -> Response:
    """Post a message; the webhook of an interaction always returns it, without `wait`."""
    wait = query_boolean(request, "wait")
    body = await read_body(request, backend.limits.request_bytes, multipart=True)
    if isinstance(webhook, Interaction):
        fields = parsers.interaction_message(body.payload)
        return JSONResponse(_follow_up(backend, webhook, fields, body.files))
    fields = parsers.webhook_message(body.payload)
    channel_id = _target_channel_id(request, backend, webhook)
    if "thread_name" in fields:
        raise DiscordError(errors.FORUM_ONLY)
    message = Message(
        id=backend.snowflakes.next(),
        channel_id=channel_id,
        author=bot_user_json(webhook.id, fields.get("username", webhook.name)),
        created_at=backend.clock.now(),
        flags=int(fields.get("flags") or 0),
        webhook_id=webhook.id,
        application_id=backend.application.id,
    )
    create_message(backend, message, fields, body.files)
    return JSONResponse(backend.messages.as_json(message)) if wait else Response(status_code=204)


@router.get(_MESSAGE)
async def get_message(backend: BackendDep, message: MessageDep) -> JSONResponse:
    """A message of the webhook."""
    return JSONResponse(backend.messages.as_json(message))


@router.patch(_MESSAGE)
async def edit_webhook_message(
    backend: BackendDep, webhook: WebhookDep, message: MessageDep, body: FormBody
) -> JSONResponse:
    """Edit a message of the webhook."""
    fields = parsers.edit(body.payload, is_v2=message.is_v2)
    limit = file_limit(backend, webhook) if isinstance(webhook, Interaction) else None
    edit_message(backend, message, fields, body.files, limit)
    if isinstance(webhook, Interaction):
        _record_change(backend, webhook, "edited", len(body.files))
    return JSONResponse(backend.messages.as_json(message))


@router.delete(_MESSAGE, status_code=204)
async def delete_webhook_message(
    backend: BackendDep, webhook: WebhookDep, message: MessageDep
) -> Response:
    """Delete a message of the webhook."""
    delete_message(backend, message)
    if isinstance(webhook, Interaction):
        backend.add_timeline_event(webhook, "deleted")
    return Response(status_code=204)


def _follow_up(backend: Backend, interaction: Interaction, fields: Json, files: Files) -> Json:
    """Create a message; while the original response is "thinking", edit that one instead."""
    original = backend.messages.find(interaction.message_id)
    if original is not None and original.flags & LOADING and not original.deleted:
        limit = file_limit(backend, interaction)
        message = edit_message(backend, original, fields, files, limit)
    else:
        message = create_response(backend, interaction, fields, files)
    _record_change(backend, interaction, "followed_up", len(files))
    return backend.messages.as_json(message)


def _record_change(backend: Backend, interaction: Interaction, name: str, files: int) -> None:
    """Add a change to the timeline; the first files complete the interaction (`done`)."""
    if not files:
        backend.add_timeline_event(interaction, name)
        return
    is_first = not interaction.has_event("uploaded")
    backend.add_timeline_event(interaction, "uploaded", {"files": files})
    if is_first:
        backend.add_timeline_event(interaction, "done")
