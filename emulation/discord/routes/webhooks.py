"""Webhooks: a channel's, and the one that each interaction is for 15 minutes.

Contract: https://docs.discord.com/developers/resources/webhook and
https://docs.discord.com/developers/interactions/receiving-and-responding#endpoints
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from emulation.discord import messages as composing
from emulation.discord.backend import StandIn
from emulation.discord.errors import (
    FORUM_ONLY,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    DiscordError,
    InvalidFormError,
)
from emulation.discord.interactions.responses import attachment_limit, new_message
from emulation.discord.json_types import Json
from emulation.discord.messages import Draft, compose, revise
from emulation.discord.routes.dependencies import (
    API,
    BOT,
    StandInDep,
    answer,
    body_of,
    path_id,
    query_flag,
)
from emulation.discord.state.directory import Webhook
from emulation.discord.state.interactions import Interaction
from emulation.discord.state.messages import LOADING, Message
from emulation.discord.validation import messages as bodies
from emulation.discord.validation.fields import FieldError, parse_form
from emulation.discord.webhook_access import (
    ORIGINAL,
    ChannelHook,
    Hook,
    InteractionHook,
    message_of,
    resolve,
)

router = APIRouter(prefix=API, tags=["webhooks"])

_HOOK = "/webhooks/{webhook_id}/{token}"
_MESSAGE = _HOOK + "/messages/{message_id}"


def _hook(standin: StandIn, webhook_id: str, token: str) -> Hook:
    return resolve(standin, path_id("webhook_id", webhook_id), token)


def webhook_json(standin: StandIn, webhook: Webhook) -> Json:
    """The webhook object of a channel's webhook."""
    return {
        "id": webhook.id,
        "type": 1,
        "name": webhook.name,
        "avatar": None,
        "channel_id": webhook.channel_id,
        "guild_id": standin.world.channel(webhook.channel_id).guild_id,
        "application_id": standin.application.id,
        "token": webhook.token,
        "url": f"{standin.config.public_url}{API}/webhooks/{webhook.id}/{webhook.token}",
    }


@router.get("/webhooks/{webhook_id}", dependencies=BOT)
async def get_webhook(standin: StandInDep, webhook_id: str) -> JSONResponse:
    """A channel's webhook, for its bot."""
    webhook = standin.world.webhooks.get(path_id("webhook_id", webhook_id))
    if webhook is None:
        raise DiscordError(UNKNOWN_WEBHOOK)
    return answer(webhook_json(standin, webhook))


@router.get(_HOOK)
async def get_webhook_with_token(standin: StandInDep, webhook_id: str, token: str) -> JSONResponse:
    """A channel's webhook, for whoever knows its token; an interaction's is none."""
    hook = _hook(standin, webhook_id, token)
    if isinstance(hook, InteractionHook):
        raise DiscordError(UNKNOWN_WEBHOOK)
    return answer(webhook_json(standin, hook.webhook))


@router.post(_HOOK)
async def execute(request: Request, standin: StandInDep, webhook_id: str, token: str) -> Response:
    """Post a message; an interaction's hook always waits for it and returns it."""
    hook = _hook(standin, webhook_id, token)
    wait = query_flag(request, "wait", False)
    body = await body_of(request, standin, multipart=True)
    try:
        if isinstance(hook, InteractionHook):
            fields = parse_form(bodies.followed_up, body.payload)
            limit = attachment_limit(standin, hook.interaction)
            return answer(_follow_up(standin, hook.interaction, Draft(fields, body.files, limit)))
        fields = parse_form(bodies.executed, body.payload)
        draft = Draft(fields, body.files, standin.limits.attachment_bytes)
        channel_id = _target_channel(request, standin, hook)
        message = _webhook_message(standin, hook.webhook, channel_id, draft)
    except FieldError as error:
        raise InvalidFormError(error.tree) from error
    return answer(message) if wait else Response(status_code=204)


@router.get(_MESSAGE)
async def get_message(
    request: Request, standin: StandInDep, webhook_id: str, token: str, message_id: str
) -> JSONResponse:
    """A message of the webhook's."""
    message = _message(request, standin, _hook(standin, webhook_id, token), message_id)
    return answer(standin.messages.as_json(message))


@router.patch(_MESSAGE)
async def edit_message(
    request: Request, standin: StandInDep, webhook_id: str, token: str, message_id: str
) -> JSONResponse:
    """Edit a message of the webhook's."""
    hook = _hook(standin, webhook_id, token)
    message = _message(request, standin, hook, message_id)
    body = await body_of(request, standin, multipart=True)
    fields = parse_form(bodies.edited, body.payload)
    limit = standin.limits.attachment_bytes
    if isinstance(hook, InteractionHook):
        limit = attachment_limit(standin, hook.interaction)
    try:
        revise(standin, message, Draft(fields, body.files, limit))
    except FieldError as error:
        raise InvalidFormError(error.tree) from error
    if isinstance(hook, InteractionHook):
        _note_change(standin, hook.interaction, "edited", len(body.files))
    return answer(standin.messages.as_json(message))


@router.delete(_MESSAGE, status_code=204)
async def delete_message(
    request: Request, standin: StandInDep, webhook_id: str, token: str, message_id: str
) -> Response:
    """Delete a message of the webhook's."""
    hook = _hook(standin, webhook_id, token)
    composing.delete(standin, _message(request, standin, hook, message_id))
    if isinstance(hook, InteractionHook):
        standin.note(hook.interaction, "deleted")
    return Response(status_code=204)


def _message(request: Request, standin: StandIn, hook: Hook, message_id: str) -> Message:
    """The message a path names, in the thread the query names."""
    known_id = message_id if message_id == ORIGINAL else path_id("message_id", message_id)
    message = message_of(standin, hook, known_id)
    if isinstance(hook, ChannelHook) and message.channel_id != _target_channel(
        request, standin, hook
    ):
        raise DiscordError(UNKNOWN_MESSAGE)
    return message


def _target_channel(request: Request, standin: StandIn, hook: ChannelHook) -> str:
    """The webhook's channel, or a thread of it; UNKNOWN_CHANNEL (10003) for any other."""
    thread_id = request.query_params.get("thread_id")
    if thread_id is None:
        return hook.webhook.channel_id
    thread = standin.world.channel(path_id("thread_id", thread_id))
    if not thread.is_thread or thread.parent_id != hook.webhook.channel_id:
        raise DiscordError(UNKNOWN_CHANNEL)
    return thread.id


def _follow_up(standin: StandIn, interaction: Interaction, draft: Draft) -> Json:
    """A new message; while the application is "thinking", that message instead."""
    original = standin.messages.find(interaction.message_id)
    if original is not None and original.flags & LOADING and not original.deleted:
        message = revise(standin, original, draft)
    else:
        message = new_message(standin, interaction, draft.fields, draft.files)
    _note_change(standin, interaction, "followed_up", len(draft.files))
    return standin.messages.as_json(message)


def _webhook_message(standin: StandIn, webhook: Webhook, channel_id: str, draft: Draft) -> Json:
    if "thread_name" in draft.fields:
        raise DiscordError(FORUM_ONLY)
    message = Message(
        id=standin.snowflakes.next(),
        channel_id=channel_id,
        author={
            "id": webhook.id,
            "username": draft.fields.get("username", webhook.name),
            "global_name": None,
            "discriminator": "0000",
            "avatar": None,
            "bot": True,
            "public_flags": 0,
        },
        created_at=standin.clock.now(),
        flags=int(draft.fields.get("flags") or 0),
        webhook_id=webhook.id,
        application_id=standin.application.id,
    )
    return standin.messages.as_json(compose(standin, message, draft))


def _note_change(standin: StandIn, interaction: Interaction, name: str, files: int) -> None:
    """Put a change on the timeline; the first files are what the user was waiting for."""
    if not files:
        standin.note(interaction, name)
        return
    first = not interaction.has_event("uploaded")
    standin.note(interaction, "uploaded", {"files": files})
    if first:
        standin.note(interaction, "done")
