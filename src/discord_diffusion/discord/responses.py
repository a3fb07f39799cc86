"""The responses to an interaction: messages, choices, and the modal in which a request is edited.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Mapping
from typing import Any

from discord_diffusion.discord.components import ButtonAction, CustomId
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.formatting import fit_content

EPHEMERAL = 1 << 6
"""https://docs.discord.com/developers/resources/message#message-object-message-flags"""
CHOICES = 25
"""Most choices that Discord shows for an option."""
CHOICE_LENGTH = 100
TEXT_LENGTH = 4000
"""Characters of a text input; a longer prompt is cut.
https://docs.discord.com/developers/components/reference#text-input"""
_ACTION_ROW = 1
_TEXT_INPUT = 4
_SHORT, _PARAGRAPH = 1, 2
_NUMBER_LENGTH = 10
_WHOLE = ("seed", "steps")


def pong() -> dict[str, Any]:
    """Type 1: the answer to a PING."""
    return {"type": 1}


def message(text: str, components: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Type 4: a message that everybody in the channel sees. It mentions nobody."""
    return {"type": 4, "data": _data(text, components)}


def ephemeral(text: str, components: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Type 4: a message that only the user of the interaction sees."""
    response = message(text, components)
    response["data"]["flags"] = EPHEMERAL
    return response


def update(text: str, *, keep_pictures: bool = True) -> dict[str, Any]:
    """Type 7: replaces the text of the component's message and removes its components."""
    data = _data(text, []) | ({} if keep_pictures else {"attachments": []})
    return {"type": 7, "data": data}


def choices(found: Mapping[str, str]) -> dict[str, Any]:
    """Type 8: the choices of an autocomplete, from shown text to value, up to Discord's limit."""
    listed = [
        {"name": name[:CHOICE_LENGTH], "value": value}
        for name, value in found.items()
        if name and len(value) <= CHOICE_LENGTH
    ]
    return {"type": 8, "data": {"choices": listed[:CHOICES]}}


def edit_modal(
    job_id: str, locale: str, old: GenerationParameters, *, seed: int | None
) -> dict[str, Any]:
    """Type 9: a modal with the parameters of a job. Without `seed` that field is empty."""
    inputs = [
        _input("prompt", locale, old.prompt, _PARAGRAPH, TEXT_LENGTH, required=True),
        _input("negative_prompt", locale, old.negative_prompt, _PARAGRAPH, TEXT_LENGTH),
        _input("seed", locale, "" if seed is None else str(seed), _SHORT, _NUMBER_LENGTH),
        _input("steps", locale, str(old.steps), _SHORT, _NUMBER_LENGTH),
        _input("guidance", locale, f"{old.guidance:g}", _SHORT, _NUMBER_LENGTH),
    ]
    return {
        "type": 9,
        "data": {
            "custom_id": CustomId(ButtonAction.EDIT, job_id).encode(),
            "title": say(locale, "modal.title"),
            "components": inputs,
        },
    }


def submitted_options(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a submitted modal as options of `/imagine`; empty ones are left out.

    A field that is no number stays a text, so that the check of the options names it.
    """
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    return {name: _number(name, value) for name, value in given.items()}


def _number(name: str, value: str) -> str | int | float:
    if name not in (*_WHOLE, "guidance"):
        return value
    try:
        return int(value) if name in _WHOLE else float(value.replace(",", "."))
    except ValueError:
        return value


def _input(
    name: str, locale: str, value: str, style: int, longest: int, *, required: bool = False
) -> dict[str, Any]:
    text_input = {
        "type": _TEXT_INPUT,
        "custom_id": name,
        "style": style,
        "label": say(locale, f"modal.{name}"),
        "required": required,
        "max_length": longest,
    }
    if value:
        text_input["value"] = value[:longest]
    return {"type": _ACTION_ROW, "components": [text_input]}


def _data(text: str, components: list[dict[str, Any]] | None) -> dict[str, Any]:
    data: dict[str, Any] = {"content": fit_content(text), "allowed_mentions": {"parse": []}}
    return data if components is None else data | {"components": components}
