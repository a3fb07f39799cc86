"""Applies the application's response to an interaction, however it was sent.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from typing import Any

from discord_stand_in.backend import Backend
from discord_stand_in.errors import ALREADY_ACKNOWLEDGED, DiscordError
from discord_stand_in.interactions.payloads import (
    interaction_metadata,
    is_forced_to_be_ephemeral,
)
from discord_stand_in.json_types import Json
from discord_stand_in.messages import Files, create_message, edit_message
from discord_stand_in.state import messages
from discord_stand_in.state.interactions import Interaction, InteractionType, Outcome, ResponseType
from discord_stand_in.state.messages import Message
from discord_stand_in.validation.responses import parse_response


def apply_response(backend: Backend, interaction: Interaction, value: Any, files: Files) -> None:
    """Check a response and act on it.

    Raises:
        DiscordError: ALREADY_ACKNOWLEDGED (40060), or what creating the message raises.
        InvalidFormError: the response does not fit.
    """
    if interaction.acknowledged:
        raise DiscordError(ALREADY_ACKNOWLEDGED)
    source = backend.messages.find(interaction.source_message_id)
    response = parse_response(interaction, value, source_is_v2=bool(source and source.is_v2))
    message = _message_of(backend, interaction, response, files)
    interaction.acknowledged = True
    interaction.response = response
    interaction.message_id = message.id if message else interaction.source_message_id
    deferred = response["type"] in (ResponseType.DEFERRED_MESSAGE, ResponseType.DEFERRED_UPDATE)
    finish(backend, interaction, Outcome.DEFERRED if deferred else Outcome.ANSWERED)


def finish(
    backend: Backend,
    interaction: Interaction,
    outcome: Outcome,
    *,
    status: int | None = None,
    error: str | None = None,
    error_body: Json | None = None,
) -> None:
    """Record an interaction's outcome, unless it has one, and wake the tasks that wait for it."""
    if interaction.is_finished:
        return
    interaction.outcome = outcome
    interaction.status = status
    interaction.error = error
    interaction.error_body = error_body
    detail: Json = {"type": interaction.response_type} if interaction.acknowledged else {}
    if error is not None:
        detail["error"] = error
    backend.add_timeline_event(interaction, outcome, detail)
    interaction.finished.set()
    backend.publish_interaction(interaction)


def file_limit(backend: Backend, interaction: Interaction) -> int:
    """The size limit of a file in bytes, as the interaction's payload gives it."""
    limit = interaction.sent_payload.get("attachment_size_limit")
    return limit if isinstance(limit, int) and limit >= 0 else backend.limits.attachment_bytes


def _message_of(
    backend: Backend, interaction: Interaction, response: Json, files: Files
) -> Message | None:
    """Create or edit the message of a response; None if a response of its type has none."""
    data = response["data"] or {}
    match response["type"]:
        case ResponseType.MESSAGE:
            return create_response(backend, interaction, data, files)
        case ResponseType.DEFERRED_MESSAGE:
            flags = int(data.get("flags", 0)) | messages.LOADING
            message = backend.messages.add(_new_message(backend, interaction, flags))
            interaction.message_ids.append(message.id)
            backend.publish_message("created", message)
            return message
        case ResponseType.UPDATE:
            source = backend.messages.get(interaction.source_message_id)
            return edit_message(backend, source, data, files, file_limit(backend, interaction))
        case _:
            return None


def create_response(
    backend: Backend, interaction: Interaction, fields: Json, files: Files
) -> Message:
    """Create a message that responds to an interaction or follows it up."""
    message = _new_message(backend, interaction, int(fields.get("flags") or 0))
    create_message(backend, message, fields, files, file_limit(backend, interaction))
    interaction.message_ids.append(message.id)
    return message


def _new_message(backend: Backend, interaction: Interaction, flags: int) -> Message:
    """An empty message of the application's, of the type that fits the interaction."""
    if is_forced_to_be_ephemeral(interaction):
        flags |= messages.EPHEMERAL
    message_type, reply_to = messages.DEFAULT, None
    if interaction.acknowledged:
        message_type, reply_to = messages.REPLY, interaction.message_id
    elif interaction.source_message_id is not None:
        message_type, reply_to = messages.REPLY, interaction.source_message_id
    elif interaction.type == InteractionType.COMMAND:
        message_type = messages.CHAT_INPUT_COMMAND
        if interaction.payload["data"].get("type", 1) != 1:
            message_type = messages.CONTEXT_MENU_COMMAND
    return Message(
        id=backend.snowflakes.next(),
        channel_id=interaction.channel_id,
        author=backend.bot_user(),
        created_at=backend.clock.now(),
        type=message_type,
        flags=flags,
        webhook_id=backend.application.id,
        application_id=backend.application.id,
        interaction_id=interaction.id,
        interaction_metadata=interaction_metadata(interaction),
        ephemeral_for=interaction.user_id if flags & messages.EPHEMERAL else None,
        reply_to=reply_to,
    )
