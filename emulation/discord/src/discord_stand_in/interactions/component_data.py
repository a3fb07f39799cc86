"""The `data` of a component interaction and of a submitted modal.

Contract: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-message-component-data-structure
"""

from typing import Any

from discord_stand_in.backend import Backend
from discord_stand_in.component_tree import (
    BUTTON,
    CHANNEL_SELECT,
    CHECKBOX,
    CHECKBOX_GROUP,
    FILE_UPLOAD,
    LABEL,
    MENTIONABLE_SELECT,
    RADIO_GROUP,
    ROLE_SELECT,
    STRING_SELECT,
    TEXT_DISPLAY,
    TEXT_INPUT,
    USER_SELECT,
    with_custom_id,
)
from discord_stand_in.errors import ControlError
from discord_stand_in.interactions.actions import UserAction
from discord_stand_in.interactions.command_data import Resolved
from discord_stand_in.interactions.payloads import Actor
from discord_stand_in.json_types import Json
from discord_stand_in.state.interactions import ResponseType
from discord_stand_in.state.messages import Message
from discord_stand_in.validation.files import is_allowed
from discord_stand_in.validation.modals import MAX_TEXT


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
    if component["type"] != BUTTON:
        resolved = Resolved(backend, in_guild=not actor.channel.is_dm)
        data |= _selection(component, action.values or [], resolved)
        if resolved.data or component["type"] != STRING_SELECT:
            data["resolved"] = resolved.data
    return data, message


def _find_component(message: Message, custom_id: str | None) -> Json:
    for component in with_custom_id(message.components):
        if custom_id is not None and component.get("custom_id") == custom_id:
            return component
    raise ControlError(f"Message {message.id} has no component {custom_id}.", 404)


def _selection(select: Json, values: list[str], resolved: Resolved) -> Json:
    """The values that were chosen; the objects behind them are added to `resolved`."""
    lowest, highest = select.get("min_values", 1), select.get("max_values", 1)
    if select["type"] == CHECKBOX_GROUP:
        highest = select.get("max_values", len(select["options"]))
    if not lowest <= len(values) <= highest:
        raise ControlError(f"Choose between {lowest} and {highest} values.")
    if "options" in select:
        options = [option["value"] for option in select["options"]]
        for value in values:
            if value not in options:
                raise ControlError(f"{value!r} is not an option of the menu.")
        return {"values": values}
    add = {
        USER_SELECT: resolved.add_user,
        ROLE_SELECT: resolved.add_role,
        MENTIONABLE_SELECT: resolved.add_mentionable,
        CHANNEL_SELECT: resolved.add_channel,
        FILE_UPLOAD: resolved.add_attachment,
    }[select["type"]]
    for value in values:
        add(value)
    return {"values": values}


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
    resolved = Resolved(backend, in_guild=not actor.channel.is_dm)
    rows: list[Json] = []
    for row in modal["components"]:
        head = {key: row[key] for key in ("type", "id") if key in row}
        inputs = [_filled_in(action, leaf, resolved) for leaf in with_custom_id([row])]
        if row["type"] == LABEL:
            head["component"] = inputs[0]
        elif row["type"] != TEXT_DISPLAY:
            head["components"] = inputs
        rows.append(head)
    data: Json = {"custom_id": modal["custom_id"], "components": rows}
    if resolved.data:
        data["resolved"] = resolved.data
    return data, backend.messages.find(opener.source_message_id)


def _filled_in(action: UserAction, component: Json, resolved: Resolved) -> Json:
    """An input of the modal as the user filled it in; what the user left is as it was opened."""
    name, kind = component["custom_id"], component["type"]
    body: Json = {"type": kind, "id": component["id"], "custom_id": name}
    if kind == TEXT_INPUT:
        text = str(action.fields.get(name, component.get("value", "")))
        _check_text(component, text)
        return body | {"value": text}
    if kind == CHECKBOX:
        checked = action.fields.get(name, component.get("default", False))
        if not isinstance(checked, bool):
            raise ControlError(f"{name}: {checked!r} is neither true nor false.")
        return body | {"value": checked}
    chosen = action.fields.get(name, _defaults(component))
    values = [str(value) for value in (chosen if isinstance(chosen, list) else [chosen])]
    if not values and not component.get("required", True):
        nothing: Json = {"value": None} if kind == RADIO_GROUP else {"values": []}
        return body | nothing
    selection = _selection(component, values, resolved)
    if kind == FILE_UPLOAD:
        _check_files(component, values, resolved)
    return body | ({"value": values[0]} if kind == RADIO_GROUP else selection)


def _defaults(component: Json) -> list[Any]:
    """The values that are chosen when the modal opens."""
    options = [option["value"] for option in component.get("options", []) if option.get("default")]
    return options or [default["id"] for default in component.get("default_values", [])]


def _check_files(upload: Json, values: list[str], resolved: Resolved) -> None:
    types = upload.get("file_types", [])
    for value in values:
        filename = resolved.data["attachments"][value]["filename"]
        if not is_allowed(filename, types):
            raise ControlError(f"{upload['custom_id']}: {filename} is none of {', '.join(types)}.")


def _check_text(component: Json, text: str) -> None:
    name = component["custom_id"]
    if not text:
        if component.get("required", True):
            raise ControlError(f"{name}: this field is required.")
        return
    lowest, highest = component.get("min_length", 0), component.get("max_length", MAX_TEXT)
    if not lowest <= len(text) <= highest:
        raise ControlError(f"{name}: must be between {lowest} and {highest} characters.")
