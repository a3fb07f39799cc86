"""Parser of the responses that an application gives to an interaction.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction
"""

from functools import partial
from typing import Any

from discord_stand_in.errors import InvalidFormError
from discord_stand_in.json_types import Json
from discord_stand_in.state.interactions import Interaction, InteractionType, ResponseType
from discord_stand_in.state.messages import EPHEMERAL
from discord_stand_in.validation import fields, messages
from discord_stand_in.validation.commands import MAX_CHOICES, STRING, choice
from discord_stand_in.validation.fields import Field, Parser
from discord_stand_in.validation.modals import modal


def _check_deferred_flags(data: Json) -> None:
    if data.get("flags", 0) & ~EPHEMERAL:
        message = "Only the EPHEMERAL flag may be set on a deferred response."
        raise fields.invalid("MESSAGE_FLAGS_INVALID", message, "flags")


_DEFERRED = fields.model({"flags": Field(fields.integer(0))}, _check_deferred_flags)


def _allowed_types(interaction: Interaction) -> tuple[int, ...]:
    """The types of response that an interaction can have."""
    if interaction.type == InteractionType.PING:
        return (ResponseType.PONG,)
    if interaction.type == InteractionType.AUTOCOMPLETE:
        return (ResponseType.AUTOCOMPLETE,)
    allowed = [ResponseType.MESSAGE, ResponseType.DEFERRED_MESSAGE]
    if interaction.source_message_id is not None:
        allowed += [ResponseType.DEFERRED_UPDATE, ResponseType.UPDATE]
    if interaction.type != InteractionType.MODAL:
        allowed.append(ResponseType.MODAL)
    return tuple(allowed)


def _focused_option(options: list[Json]) -> Json | None:
    """The option that the user is typing, however deep it is nested."""
    for option in options:
        if option.get("focused"):
            return option
        found = _focused_option(option.get("options", []))
        if found is not None:
            return found
    return None


def _data_parser(
    response_type: int, interaction: Interaction, *, source_is_v2: bool
) -> tuple[Parser, bool]:
    """The parser of a response's `data`, and whether `data` is required."""
    match response_type:
        case ResponseType.MESSAGE:
            return messages.interaction_message, True
        case ResponseType.UPDATE:
            return partial(messages.edit, is_v2=source_is_v2), False
        case ResponseType.DEFERRED_MESSAGE:
            return _DEFERRED, False
        case ResponseType.MODAL:
            return modal, True
        case ResponseType.AUTOCOMPLETE:
            option = _focused_option(interaction.payload["data"].get("options", []))
            parse_choice = choice(option["type"] if option else STRING)
            choices = Field(fields.list_of(parse_choice, maximum=MAX_CHOICES), required=True)
            return fields.model({"choices": choices}), True
        case _:
            return fields.model({}), False


def parse_response(interaction: Interaction, value: Any, *, source_is_v2: bool = False) -> Json:
    """Return a response's checked `type` and `data` (may be None).

    `source_is_v2`: whether the message whose component was clicked consists of components alone.

    Raises:
        InvalidFormError: the response does not fit, or the interaction cannot have its type.
    """
    known_type = fields.one_of(map(int, ResponseType), fields.integer())
    response_type: int = fields.model({"type": Field(known_type, required=True)})(value)["type"]
    if response_type not in _allowed_types(interaction):
        message = "Interaction callback type is not allowed for this interaction."
        raise fields.invalid("INTERACTION_CALLBACK_TYPE_INVALID", message, "type")
    parse_data, is_required = _data_parser(response_type, interaction, source_is_v2=source_is_v2)
    if value.get("data") is None:
        if is_required:
            raise fields.missing("data")
        return {"type": response_type, "data": None}
    try:
        return {"type": response_type, "data": parse_data(value["data"])}
    except InvalidFormError as error:
        raise error.at("data") from error
