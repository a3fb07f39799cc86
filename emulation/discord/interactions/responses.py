"""Applies the application's answer to an interaction, however it came.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from typing import Any

from emulation.discord.backend import StandIn
from emulation.discord.errors import ALREADY_ACKNOWLEDGED, DiscordError, InvalidFormError
from emulation.discord.interactions.payloads import metadata
from emulation.discord.json_types import Json
from emulation.discord.messages import Draft, compose, revise
from emulation.discord.request_body import Upload
from emulation.discord.state.interactions import (
    ANSWERED,
    DEFERRED,
    Answer,
    Interaction,
    Kind,
    timeline_json,
)
from emulation.discord.state.messages import (
    CHAT_INPUT_COMMAND,
    CONTEXT_MENU_COMMAND,
    DEFAULT,
    EPHEMERAL,
    LOADING,
    REPLY,
    Message,
)
from emulation.discord.validation.fields import FieldError
from emulation.discord.validation.responses import parse_response


def attachment_limit(standin: StandIn, interaction: Interaction) -> int:
    """How large a file may be: what the interaction told the application."""
    told = interaction.sent.get("attachment_size_limit")
    return told if isinstance(told, int) and told >= 0 else standin.limits.attachment_bytes


def apply_answer(
    standin: StandIn, interaction: Interaction, value: Any, files: dict[int, Upload]
) -> None:
    """Check an answer and act on it.

    Raises ALREADY_ACKNOWLEDGED (40060) for a second one, InvalidFormError (50035) for
    a wrong one.
    """
    if interaction.acknowledged:
        raise DiscordError(ALREADY_ACKNOWLEDGED)
    try:
        response = parse_response(interaction, value)
        message = _act(standin, interaction, response, files)
    except FieldError as error:
        raise InvalidFormError(error.tree) from error
    interaction.acknowledged = True
    interaction.response = response
    interaction.message_id = message.id if message else interaction.source_message_id
    deferred = response["type"] in (Answer.DEFERRED_MESSAGE, Answer.DEFERRED_UPDATE)
    settle(standin, interaction, DEFERRED if deferred else ANSWERED)


def settle(
    standin: StandIn,
    interaction: Interaction,
    outcome: str,
    *,
    status: int | None = None,
    error: str | None = None,
    error_body: Json | None = None,
) -> None:
    """Note how an interaction went and wake whoever waits for that."""
    if interaction.is_settled:
        return
    interaction.outcome = outcome
    interaction.status = status
    interaction.error = error
    interaction.error_body = error_body
    detail: Json = {"type": interaction.response_type} if interaction.acknowledged else {}
    if error is not None:
        detail["error"] = error
    standin.note(interaction, outcome, detail)
    interaction.answered.set()
    standin.events.publish("interaction", {"interaction": summary_json(standin, interaction)})


def interaction_json(standin: StandIn, interaction: Interaction) -> Json:
    """What the control API tells of an interaction, with its message in every version."""
    message = standin.messages.find(interaction.message_id)
    visible = message is not None and not message.deleted
    return summary_json(standin, interaction) | {
        "message": standin.messages.for_control(message) if message and visible else None,
        "history": message.history if message else [],
    }


def summary_json(standin: StandIn, interaction: Interaction) -> Json:
    """An interaction without its message; never its token."""
    message = standin.messages.find(interaction.message_id)
    return {
        "interaction_id": interaction.id,
        "type": int(interaction.kind),
        "user_id": interaction.user_id,
        "channel_id": interaction.channel_id,
        "guild_id": interaction.guild_id,
        "data": interaction.sent.get("data"),
        "outcome": interaction.outcome,
        "status": interaction.status,
        "error": interaction.error,
        "error_body": interaction.error_body,
        "response_type": interaction.response_type,
        "response": interaction.response,
        "deliveries": interaction.deliveries,
        "message_id": interaction.message_id,
        "message_ids": interaction.message_ids,
        "edits": message.edits if message else 0,
        "events": timeline_json(interaction),
    }


def _act(
    standin: StandIn, interaction: Interaction, response: Json, files: dict[int, Upload]
) -> Message | None:
    """Make or edit the message that an answer asks for."""
    kind, data = response["type"], response["data"] or {}
    if kind == Answer.MESSAGE:
        return new_message(standin, interaction, data, files)
    if kind == Answer.DEFERRED_MESSAGE:
        return _thinking(standin, interaction, data)
    if kind == Answer.UPDATE:
        source = standin.messages.get(interaction.source_message_id)
        return revise(standin, source, Draft(data, files, attachment_limit(standin, interaction)))
    return None


def new_message(
    standin: StandIn, interaction: Interaction, data: Json, files: dict[int, Upload]
) -> Message:
    """A message of the application's that answers or follows up an interaction."""
    message = _blank(standin, interaction, int(data.get("flags") or 0))
    compose(standin, message, Draft(data, files, attachment_limit(standin, interaction)))
    interaction.message_ids.append(message.id)
    return message


def _thinking(standin: StandIn, interaction: Interaction, data: Json) -> Message:
    """The message that says the application is thinking, until it is edited."""
    message = _blank(standin, interaction, int(data.get("flags", 0)) | LOADING)
    standin.messages.add(message)
    interaction.message_ids.append(message.id)
    standin.message_changed("created", message)
    return message


def _blank(standin: StandIn, interaction: Interaction, flags: int) -> Message:
    first = not interaction.acknowledged
    kind, reply_to = DEFAULT, None
    if not first or interaction.source_message_id is not None:
        kind = REPLY
        reply_to = interaction.message_id if not first else interaction.source_message_id
    elif interaction.kind == Kind.COMMAND:
        is_chat = interaction.payload["data"].get("type", 1) == 1
        kind = CHAT_INPUT_COMMAND if is_chat else CONTEXT_MENU_COMMAND
    return Message(
        id=standin.snowflakes.next(),
        channel_id=interaction.channel_id,
        author=standin.bot_user(),
        created_at=standin.clock.now(),
        type=kind,
        flags=flags,
        webhook_id=standin.application.id,
        application_id=standin.application.id,
        interaction_id=interaction.id,
        interaction_metadata=metadata(interaction),
        ephemeral_for=interaction.user_id if flags & EPHEMERAL else None,
        reply_to=reply_to,
    )
