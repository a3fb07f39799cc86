"""The `data` of a component interaction and of a submitted modal.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-message-component-data-structure
"""

from emulation.discord.backend import Backend
from emulation.discord.errors import ControlError
from emulation.discord.interactions.actions import UserAction
from emulation.discord.interactions.command_data import Resolved
from emulation.discord.interactions.payloads import Actor
from emulation.discord.json_types import Json
from emulation.discord.state.interactions import ResponseType
from emulation.discord.state.messages import Message
from emulation.discord.validation import components
from emulation.discord.validation.modals import LABEL, MAX_TEXT, TEXT_DISPLAY


def component_data(backend: Backend, action: UserAction, actor: Actor) -> tuple[Json, Message]:
    """The data of a click on a component, and the message that has the component.

    Raises ControlError if the user cannot click it or chose wrong values.
    """
    message = backend.messages.find(action.message_id)
    if message is None or message.deleted:
        raise ControlError(f"There is no message {action.message_id}.", 404)
    if message.ephemeral_for not in (None, actor.user.id):
        raise ControlError("Only the user who can see the message can press its components.", 403)
    component = _find_component(message, action.custom_id)
    if component.get("disabled"):
        raise ControlError(f"Component {action.custom_id} is disabled.", 409)
    data: Json = {"custom_id": component["custom_id"], "component_type": component["type"]}
    if "id" in component:
        data["id"] = component["id"]
    if component["type"] != components.BUTTON:
        data |= _selection(backend, component, action.values or [], actor)
    return data, message


def _find_component(message: Message, custom_id: str | None) -> Json:
    for component in components.leaves(message.components):
        if custom_id is not None and component.get("custom_id") == custom_id:
            return component
    raise ControlError(f"Message {message.id} has no component {custom_id}.", 404)


def _selection(backend: Backend, select: Json, values: list[str], actor: Actor) -> Json:
    """The values that were chosen in a select menu, and the objects behind them."""
    lowest, highest = select.get("min_values", 1), select.get("max_values", 1)
    if not lowest <= len(values) <= highest:
        raise ControlError(f"Choose between {lowest} and {highest} values.")
    if select["type"] == components.STRING_SELECT:
        options = [option["value"] for option in select["options"]]
        for value in values:
            if value not in options:
                raise ControlError(f"{value!r} is not an option of the menu.")
        return {"values": values}
    resolved = Resolved(backend, in_guild=not actor.channel.is_dm)
    add = {
        components.USER_SELECT: resolved.add_user,
        components.ROLE_SELECT: resolved.add_role,
        components.MENTIONABLE_SELECT: resolved.add_mentionable,
        components.CHANNEL_SELECT: resolved.add_channel,
    }[select["type"]]
    for value in values:
        add(value)
    return {"values": values, "resolved": resolved.data}


def modal_data(
    backend: Backend, action: UserAction, opener_id: str, actor: Actor
) -> tuple[Json, Message | None]:
    """The data of a submitted modal, and the message whose component opened it.

    `opener_id`: the interaction that opened the modal. Raises ControlError if the user cannot
    submit it or left a field wrong.
    """
    opener = backend.interactions.find(opener_id)
    if opener is None or opener.response is None or opener.response_type != ResponseType.MODAL:
        raise ControlError(f"Interaction {opener_id} opened no modal.", 404)
    if opener.user_id != actor.user.id:
        raise ControlError("Only the user who sees the modal can submit it.", 403)
    modal: Json = opener.response["data"]
    rows: list[Json] = []
    for row in modal["components"]:
        if row["type"] == TEXT_DISPLAY:
            continue
        inputs = [_filled_in(backend, action, actor, leaf) for leaf in components.leaves([row])]
        head = {key: row[key] for key in ("type", "id") if key in row}
        filled = {"component": inputs[0]} if row["type"] == LABEL else {"components": inputs}
        rows.append(head | filled)
    source = backend.messages.find(opener.source_message_id)
    return {"custom_id": modal["custom_id"], "components": rows}, source


def _filled_in(backend: Backend, action: UserAction, actor: Actor, component: Json) -> Json:
    """An input of the modal as the user filled it in."""
    name = component["custom_id"]
    body: Json = {"type": component["type"], "custom_id": name}
    if component["type"] == components.TEXT_INPUT:
        text = str(action.fields.get(name, component.get("value", "")))
        _check_text(component, text)
        return body | {"value": text}
    chosen = [str(value) for value in action.fields.get(name, [])]
    if chosen or component.get("required", True):
        return body | _selection(backend, component, chosen, actor)
    return body | {"values": []}


def _check_text(component: Json, text: str) -> None:
    name = component["custom_id"]
    if not text:
        if component.get("required", True):
            raise ControlError(f"{name}: this field is required.")
        return
    lowest, highest = component.get("min_length", 0), component.get("max_length", MAX_TEXT)
    if not lowest <= len(text) <= highest:
        raise ControlError(f"{name}: must be between {lowest} and {highest} characters.")
