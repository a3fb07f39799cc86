"""The forms in which a request is edited or begun from a picture, and their submitted values.

A text input holds 4,000 characters, a prompt up to 6,000: a longer one has a second input, for
which the last inputs make room; what they would have changed stays as it was.
https://docs.discord.com/developers/components/reference#text-input
"""

from collections.abc import Mapping
from typing import Any

from discord_diffusion.discord.commands import SOURCE_IMAGE_TYPES
from discord_diffusion.discord.components import ButtonAction, CustomId
from discord_diffusion.discord.inputs import (
    INPUT_LENGTH,
    file_upload,
    label,
    radio_group,
    text_input,
)
from discord_diffusion.discord.layout import Component, text
from discord_diffusion.discord.responses import modal
from discord_diffusion.jobs.options import EDITED, OPTIONS, OptionKind, PictureOption
from discord_diffusion.jobs.outpainting import Direction
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.formatting import utf16_length

STRENGTHS = {"little": "0.3", "half": "0.6", "much": "0.85"}
"""The shares of a source image that are drawn anew, by the names of their texts."""
LABELS = 5
"""The most labels of a form."""
_NUMBER_LENGTH = 10
_JOINTS = {"next_word": " ", "continued": ""}
"""How the second input of a long text is called, and what stood between it and the first."""


def edit_form(
    job_id: str, locale: str, old: GenerationParameters, *, seed: int | None
) -> dict[str, Any]:
    """The form with the parameters of a job. Without `seed` that field is empty.

    Raises:
        Refusal: a prompt does not fit even into two inputs.
    """
    values = {option.name: getattr(old, option.name) for option in EDITED} | {"seed": seed}
    labels = [one for option in EDITED for one in _inputs(option, locale, values[option.name])]
    custom_id = CustomId(ButtonAction.EDIT, job_id).encode()
    return modal(custom_id, say(locale, "modal.title"), labels[:LABELS])


def start_form(job_id: str, locale: str, old: GenerationParameters) -> dict[str, Any]:
    """The form for a picture from which a job is drawn again.

    Raises:
        Refusal: the prompt does not fit even into two inputs.
    """
    strengths = {value: say(locale, f"strength.{name}") for name, value in STRENGTHS.items()}
    labels = [
        label(say(locale, "modal.image"), file_upload("image", SOURCE_IMAGE_TYPES)),
        *_long_text("prompt", locale, old.prompt, required=True),
        label(
            say(locale, "modal.strength"),
            radio_group("strength", strengths, STRENGTHS["half"]),
        ),
        label(say(locale, "modal.mask"), file_upload("mask", SOURCE_IMAGE_TYPES, required=False)),
    ]
    custom_id = CustomId(ButtonAction.START, job_id).encode()
    return modal(custom_id, say(locale, "modal.start_title"), labels)


def pan_form(job_id: str, index: int, locale: str, old: GenerationParameters) -> dict[str, Any]:
    """The form for the side on which a picture is continued, and what is drawn there.

    Raises:
        Refusal: the prompt does not fit even into two inputs.
    """
    sides = {side.value: say(locale, f"direction.{side}") for side in Direction}
    labels = [
        label(
            say(locale, "modal.direction"), radio_group("direction", sides, Direction.RIGHT.value)
        ),
        *_long_text("prompt", locale, old.prompt, required=True),
    ]
    custom_id = CustomId(ButtonAction.PAN, job_id, index).encode()
    return modal(custom_id, say(locale, "modal.pan_title"), labels)


def delete_form(job_id: str, locale: str) -> dict[str, Any]:
    """The question whether the pictures of a job are to be removed; its submission says yes."""
    custom_id = CustomId(ButtonAction.DELETE, job_id).encode()
    question = text(say(locale, "delete.question"))
    return modal(custom_id, say(locale, "modal.delete_title"), [question])


def submitted_options(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a submitted form as options of `/imagine`; empty ones are left out.

    A field that is no number stays a text, so that the check of the options names it.
    """
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    for name in ("prompt", "negative_prompt"):
        for joint, between in _JOINTS.items():
            if second := given.pop(f"{name}.{joint}", ""):
                first = given.get(name, "")
                given[name] = f"{first}{between if first else ''}{second}"
    return {name: _number(name, value) for name, value in given.items()}


def _number(name: str, value: str) -> str | int | float:
    kinds = {option.name: option.kind for option in OPTIONS}
    try:
        if kinds.get(name) is OptionKind.WHOLE:
            return int(value)
        if kinds.get(name) is OptionKind.NUMBER:
            return float(value.replace(",", "."))
    except ValueError:
        pass
    return value


def _inputs(option: PictureOption, locale: str, value: object) -> list[Component]:
    """The inputs of one option: a long text may need two."""
    if option.kind is OptionKind.TEXT:
        return _long_text(option.name, locale, str(value or ""), required=option.required)
    shown = f"{value:g}" if option.kind is OptionKind.NUMBER else str(value)
    title = say(locale, f"modal.{option.name}")
    short = text_input(option.name, "" if value is None else shown, longest=_NUMBER_LENGTH)
    return [label(title, short)]


def _long_text(name: str, locale: str, value: str, *, required: bool = False) -> list[Component]:
    """One input, or two where the value is too long for one."""
    title = say(locale, f"modal.{name}")
    first, joint, second = _split(value)
    inputs = [label(title, text_input(name, first, paragraph=True, required=required))]
    if second:
        continued = text_input(f"{name}.{joint}", second, paragraph=True)
        inputs.append(label(say(locale, "modal.continued", label=title), continued))
    return inputs


def _split(value: str) -> tuple[str, str, str]:
    """The value in two parts that each fit into an input, and the name of what is between them.

    Neither part begins or ends with a space, which a client may remove.
    """
    if utf16_length(value) <= INPUT_LENGTH:
        return value, "", ""
    end = _fitting(value)
    spaces = (at for at in range(end, 0, -1) if _stands_alone(value, at))
    if (at := next(spaces, None)) is not None:
        first, joint, second = value[:at], "next_word", value[at + 1 :]
    else:
        while value[end - 1].isspace() or value[end].isspace():
            end -= 1
        first, joint, second = value[:end], "continued", value[end:]
    if utf16_length(second) > INPUT_LENGTH:
        raise Refusal("prompt_too_long_to_edit")
    return first, joint, second


def _fitting(value: str) -> int:
    """The number of characters at the beginning that fit into an input."""
    units = 0
    for index, character in enumerate(value):
        units += utf16_length(character)
        if units > INPUT_LENGTH:
            return index
    return len(value)


def _stands_alone(value: str, at: int) -> bool:
    """Whether there is a space that has no other beside it."""
    return value[at] == " " and not value[at - 1].isspace() and not value[at + 1 : at + 2].isspace()
