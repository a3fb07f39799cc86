"""The answers an application gives to an interaction.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction
"""

from typing import Any

from emulation.discord.json_types import Json
from emulation.discord.state.interactions import Answer, Interaction, Kind
from emulation.discord.state.messages import EPHEMERAL
from emulation.discord.validation import messages
from emulation.discord.validation.fields import (
    Field,
    FieldError,
    Parser,
    fault,
    integer,
    list_of,
    mapping_of,
    model,
    number,
    one_of,
    required,
    string,
)
from emulation.discord.validation.locales import LOCALES
from emulation.discord.validation.modals import modal

CHOICES = 25
STRING, INTEGER, NUMBER = 3, 4, 10

_VALUES: dict[int, Parser] = {STRING: string(maximum=100), INTEGER: integer(), NUMBER: number()}


def choice(option_type: int) -> Parser:
    """A choice of an option, fixed or autocompleted."""
    return model(
        {
            "name": Field(string(1, 100), required=True),
            "name_localizations": Field(mapping_of(LOCALES, string(1, 100)), nullable=True),
            "value": Field(_VALUES.get(option_type, string(maximum=100)), required=True),
        }
    )


def _only_ephemeral(data: Json) -> None:
    if data.get("flags", 0) & ~EPHEMERAL:
        message = "Only the EPHEMERAL flag may be set on a deferred response."
        raise fault("MESSAGE_FLAGS_INVALID", message, "flags")


_DEFERRED = model({"flags": Field(integer(0))}, _only_ephemeral)


def _allowed_types(interaction: Interaction) -> tuple[int, ...]:
    """Which answers an interaction can have."""
    if interaction.kind == Kind.PING:
        return (Answer.PONG,)
    if interaction.kind == Kind.AUTOCOMPLETE:
        return (Answer.AUTOCOMPLETE,)
    allowed = [Answer.MESSAGE, Answer.DEFERRED_MESSAGE]
    if interaction.source_message_id is not None:
        allowed += [Answer.DEFERRED_UPDATE, Answer.UPDATE]
    if interaction.kind != Kind.MODAL:
        allowed.append(Answer.MODAL)
    return tuple(allowed)


def focused_option(options: list[Json]) -> Json | None:
    """The option a user is typing, however deep."""
    for option in options:
        if option.get("focused"):
            return option
        found = focused_option(option.get("options", []))
        if found is not None:
            return found
    return None


def _data_parser(kind: int, interaction: Interaction) -> tuple[Parser, bool]:
    """How the `data` of an answer is parsed, and whether it must be there."""
    if kind == Answer.MESSAGE:
        return messages.followed_up, True
    if kind == Answer.UPDATE:
        return messages.edited, False
    if kind == Answer.DEFERRED_MESSAGE:
        return _DEFERRED, False
    if kind == Answer.MODAL:
        return modal, True
    if kind == Answer.AUTOCOMPLETE:
        option = focused_option(interaction.payload["data"].get("options", []))
        parse_choice = choice(option["type"] if option else STRING)
        choices = Field(list_of(parse_choice, maximum=CHOICES), required=True)
        return model({"choices": choices}), True
    return model({}), False


def parse_response(interaction: Interaction, value: Any) -> Json:
    """A checked answer: `type` and `data` (may be None). Raises FieldError."""
    if not isinstance(value, dict):
        raise fault("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    head = model({"type": Field(integer(), required=True)})(value)
    kind: int = head["type"]
    try:
        one_of([int(answer) for answer in Answer], integer())(kind)
    except FieldError as error:
        raise FieldError({"type": error.tree}) from error
    if kind not in _allowed_types(interaction):
        message = "Interaction callback type is not allowed for this interaction."
        raise fault("INTERACTION_CALLBACK_TYPE_INVALID", message, "type")
    parse_data, is_required = _data_parser(kind, interaction)
    data: Any = value.get("data")
    if data is None:
        if is_required:
            raise required("data")
        return {"type": kind, "data": None}
    try:
        return {"type": kind, "data": parse_data(data)}
    except FieldError as error:
        raise FieldError({"data": error.tree}) from error
