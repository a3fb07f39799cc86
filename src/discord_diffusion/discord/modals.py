"""The form in which a request is changed: what it shows, and what was filled in.

https://docs.discord.com/developers/components/reference#text-input
"""

from collections.abc import Mapping
from typing import Any

from discord_diffusion.discord.buttons import Verb
from discord_diffusion.discord.components import CustomId
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.catalogue import say

TEXT_LENGTH = 4000
"""Characters of a text input; a prompt may have been longer, and is cut."""
_ACTION_ROW = 1
_TEXT_INPUT = 4
_SHORT, _PARAGRAPH = 1, 2
_NUMBER_LENGTH = 10
_WHOLE = ("seed", "steps")


def edit(
    job_id: str, locale: str, old: GenerationParameters, *, seed: int | None
) -> dict[str, Any]:
    """Type 9: the old values of a job, to be changed. Without `seed` a new one is drawn."""
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
            "custom_id": CustomId(Verb.EDIT, job_id).encode(),
            "title": say(locale, "modal.title"),
            "components": inputs,
        },
    }


def filled_in(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a submitted form as the options of `/imagine`; empty ones are left out.

    What is no number stays text, for the check of the options to name it.
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
