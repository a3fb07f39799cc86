"""The data of a pressed component and of a submitted modal.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-message-component-data-structure
"""

from typing import Any

from emulation.discord.asked import Asked
from emulation.discord.backend import StandIn
from emulation.discord.errors import ControlError
from emulation.discord.interactions.command_data import Resolved
from emulation.discord.interactions.payloads import Sender
from emulation.discord.json_types import Json
from emulation.discord.state.interactions import Answer
from emulation.discord.state.messages import Message
from emulation.discord.validation.components import (
    BUTTON,
    CHANNEL_SELECT,
    MENTIONABLE_SELECT,
    ROLE_SELECT,
    SELECTS,
    STRING_SELECT,
    TEXT_INPUT,
    USER_SELECT,
    leaves,
)
from emulation.discord.validation.modals import LABEL, TEXT, TEXT_DISPLAY


def press_data(standin: StandIn, asked: Asked, sender: Sender) -> tuple[Json, Message]:
    """The data of a pressed component, and the message it is on."""
    message = standin.messages.find(asked.message_id)
    if message is None or message.deleted:
        raise ControlError(f"There is no message {asked.message_id}.", 404)
    if message.ephemeral_for not in (None, sender.user.id):
        raise ControlError("Only the user who can see the message can press its components.", 403)
    component = _component(message, asked.custom_id)
    if component.get("disabled"):
        raise ControlError(f"Component {asked.custom_id} is disabled.", 409)
    data: Json = {"custom_id": component["custom_id"], "component_type": component["type"]}
    if "id" in component:
        data["id"] = component["id"]
    if component["type"] != BUTTON:
        data |= _selection(standin, component, asked.values or [], sender)
    return data, message


def _component(message: Message, custom_id: str | None) -> Json:
    for component in leaves(message.components):
        if custom_id is not None and component.get("custom_id") == custom_id:
            return component
    raise ControlError(f"Message {message.id} has no component {custom_id}.", 404)


def _selection(standin: StandIn, select: Json, values: list[str], sender: Sender) -> Json:
    """The values of a select menu, and what they stand for."""
    lowest = select.get("min_values", 1)
    highest = select.get("max_values", 1)
    if not lowest <= len(values) <= highest:
        raise ControlError(f"Choose between {lowest} and {highest} values.")
    if select["type"] == STRING_SELECT:
        known = [option["value"] for option in select["options"]]
        for value in values:
            if value not in known:
                raise ControlError(f"{value!r} is not an option of the menu.")
        return {"values": values}
    resolved = Resolved(standin)
    in_guild = not sender.channel.is_dm
    for value in values:
        if select["type"] == USER_SELECT:
            resolved.user(value, in_guild)
        elif select["type"] == ROLE_SELECT:
            resolved.role(value)
        elif select["type"] == MENTIONABLE_SELECT:
            resolved.mentionable(value, in_guild)
        elif select["type"] == CHANNEL_SELECT:
            resolved.channel(value)
    return {"values": values, "resolved": resolved.data}


def modal_data(
    standin: StandIn, asked: Asked, opener_id: str, sender: Sender
) -> tuple[Json, Message | None]:
    """The data of a submitted modal, and the message whose component opened it."""
    opener = standin.interactions.find(opener_id)
    if opener is None or opener.response is None or opener.response_type != Answer.MODAL:
        raise ControlError(f"Interaction {opener_id} opened no modal.", 404)
    if opener.user_id != sender.user.id:
        raise ControlError("Only the user who sees the modal can submit it.", 403)
    modal: Json = opener.response["data"]
    components = [_filled(standin, one, asked.fields, sender) for one in modal["components"]]
    source = standin.messages.find(opener.source_message_id)
    data = {"custom_id": modal["custom_id"], "components": [one for one in components if one]}
    return data, source


def _filled(standin: StandIn, part: Json, fields: dict[str, Any], sender: Sender) -> Json | None:
    """A part of a modal with what was filled in; text that is only shown is not sent."""
    head: Json = {"type": part["type"]} | ({"id": part["id"]} if "id" in part else {})
    if part["type"] == TEXT_DISPLAY:
        return None
    if part["type"] == LABEL:
        return head | {"component": _input(standin, part["component"], fields, sender)}
    inner = [_input(standin, one, fields, sender) for one in part["components"]]
    return head | {"components": inner}


def _input(standin: StandIn, component: Json, fields: dict[str, Any], sender: Sender) -> Json:
    name = component["custom_id"]
    body: Json = {"type": component["type"], "custom_id": name}
    if component["type"] == TEXT_INPUT:
        return body | {"value": _text(component, str(fields.get(name, component.get("value", ""))))}
    if component["type"] in SELECTS:
        chosen = [str(value) for value in fields.get(name, [])]
        if chosen or component.get("required", True):
            return body | _selection(standin, component, chosen, sender)
    return body | {"values": []}


def _text(component: Json, value: str) -> str:
    """A text that the modal's input accepts."""
    name = component["custom_id"]
    if not value:
        if component.get("required", True):
            raise ControlError(f"{name}: this field is required.")
        return value
    lowest, highest = component.get("min_length", 0), component.get("max_length", TEXT)
    if not lowest <= len(value) <= highest:
        raise ControlError(f"{name}: must be between {lowest} and {highest} characters.")
    return value
