"""The rows of buttons under a message of ours. Pure: what a press means is all in its custom_id.

https://docs.discord.com/developers/components/reference
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from discord_diffusion.discord.components import CustomId
from discord_diffusion.jobs.parameters import SIZE, GenerationParameters
from discord_diffusion.texts.catalogue import say

_ACTION_ROW = 1
_BUTTON = 2
_GREY, _RED = 2, 4


class Verb(StrEnum):
    """What a press does, as its custom_id says it."""

    CANCEL = "cancel"
    REROLL = "reroll"
    EDIT = "edit"
    SEED = "seed"
    VARY = "vary"
    UPSCALE = "upscale"
    DELETE = "delete"


_EMOJI = {
    Verb.CANCEL: "✖️",
    Verb.REROLL: "🎲",
    Verb.EDIT: "✏️",
    Verb.SEED: "🌱",
    Verb.VARY: "🔀",
    Verb.UPSCALE: "🔍",
    Verb.DELETE: "🗑️",
}

UPSCALE = 2
"""How many times larger an upscaled picture is."""


def waiting(job_id: str, locale: str) -> list[dict[str, Any]]:
    """Under the message of a job that waits."""
    return [_row([_button(Verb.CANCEL, job_id, locale)])]


def answered(
    job_id: str, locale: str, parameters: GenerationParameters, pictures: Sequence[int]
) -> list[dict[str, Any]]:
    """Under an answer. `pictures` are the indices of those that it shows; with none there is
    nothing to vary or to enlarge."""
    rows = [_row([_button(Verb.VARY, job_id, locale, index) for index in pictures])]
    if can_upscale(parameters):
        rows.append(_row([_button(Verb.UPSCALE, job_id, locale, index) for index in pictures]))
    last = [Verb.REROLL, Verb.EDIT, *([Verb.SEED] if pictures else []), Verb.DELETE]
    return [
        *(rows if pictures else []),
        _row([_button(verb, job_id, locale, pictures[0] if pictures else 0) for verb in last]),
    ]


def can_upscale(parameters: GenerationParameters) -> bool:
    """Whether a picture of that job may be twice as large."""
    scale = UPSCALE * (parameters.source.scale if parameters.source else 1)
    return max(parameters.width, parameters.height) * scale <= SIZE[1]


def _row(buttons: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": _ACTION_ROW, "components": buttons}


def _button(verb: Verb, job_id: str, locale: str, index: int = 0) -> dict[str, Any]:
    return {
        "type": _BUTTON,
        "style": _RED if verb is Verb.DELETE else _GREY,
        "label": say(locale, f"button.{verb}", number=index + 1),
        "emoji": {"name": _EMOJI[verb]},
        "custom_id": CustomId(verb, job_id, index).encode(),
    }
