"""The buttons under an answer, and their `custom_id`, which holds all that a click means.

https://docs.discord.com/developers/components/reference
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.jobs.parameters import SIZE, GenerationParameters
from discord_diffusion.texts.catalogue import say

CUSTOM_ID_LENGTH = (1, 100)
"""Characters."""
UPSCALE_FACTOR = 2
"""How many times larger an upscaled picture is."""
_ACTION_ROW = 1
_BUTTON = 2
_GREY, _RED = 2, 4
_CUSTOM_ID = re.compile(r"(?P<action>[a-z_]{1,32}):(?P<job_id>[0-9]{1,20}):(?P<index>[0-9]{1,2})")


class ButtonAction(StrEnum):
    """What a click on a button does, as the custom_id names it."""

    CANCEL = "cancel"
    REROLL = "reroll"
    EDIT = "edit"
    SEED = "seed"
    VARY = "vary"
    UPSCALE = "upscale"
    DELETE = "delete"


@dataclass(frozen=True)
class CustomId:
    """What a click means: the action, the job, and which of its pictures (from 0).

    Everything is in the text, so a button works after any restart.
    """

    action: str
    job_id: str
    index: int = 0

    def encode(self) -> str:
        """The text that Discord keeps and sends back.

        Raises:
            InvalidCustomIdError: it would not be read back as it is.
        """
        text = f"{self.action}:{self.job_id}:{self.index}"
        if len(text) > CUSTOM_ID_LENGTH[1] or not _CUSTOM_ID.fullmatch(text):
            raise InvalidCustomIdError(f"{text!r} is no custom_id of the form action:job_id:index")
        return text

    @classmethod
    def decode(cls, text: str) -> "CustomId":
        """Read a text that Discord sent back.

        Raises:
            InvalidCustomIdError: it is not of the form `action:job_id:index`.
        """
        found = _CUSTOM_ID.fullmatch(text)
        if not found:
            raise InvalidCustomIdError(f"{text[:100]!r} is not of the form action:job_id:index")
        return cls(found["action"], found["job_id"], int(found["index"]))


_EMOJI = {
    ButtonAction.CANCEL: "✖️",
    ButtonAction.REROLL: "🎲",
    ButtonAction.EDIT: "✏️",
    ButtonAction.SEED: "🌱",
    ButtonAction.VARY: "🔀",
    ButtonAction.UPSCALE: "🔍",
    ButtonAction.DELETE: "🗑️",
}


def queued_job_buttons(job_id: str, locale: str) -> list[dict[str, Any]]:
    """The buttons under the message of a queued job."""
    return [_row(job_id, locale, [(ButtonAction.CANCEL, 0)])]


def answer_buttons(
    job_id: str, locale: str, parameters: GenerationParameters, pictures: Sequence[int]
) -> list[dict[str, Any]]:
    """The buttons under an answer.

    `pictures` are the indices of those that it shows; without any there is nothing to vary or to
    enlarge.
    """
    of_job = [ButtonAction.REROLL, ButtonAction.EDIT, ButtonAction.DELETE]
    of_picture = [ButtonAction.VARY, ButtonAction.UPSCALE]
    if not can_upscale(parameters):
        of_picture.remove(ButtonAction.UPSCALE)
    if not pictures:
        return [_row(job_id, locale, [(action, 0) for action in of_job])]
    of_job.insert(2, ButtonAction.SEED)
    rows = [[(action, index) for index in pictures] for action in of_picture]
    rows.append([(action, pictures[0]) for action in of_job])
    return [_row(job_id, locale, row) for row in rows]


def can_upscale(parameters: GenerationParameters) -> bool:
    """Whether a picture of that job, enlarged once more, is not larger than is allowed."""
    scale = UPSCALE_FACTOR * (parameters.source.scale if parameters.source else 1)
    return max(parameters.width, parameters.height) * scale <= SIZE[1]


def _row(job_id: str, locale: str, buttons: list[tuple[ButtonAction, int]]) -> dict[str, Any]:
    components = [_button(action, job_id, locale, index) for action, index in buttons]
    return {"type": _ACTION_ROW, "components": components}


def _button(action: ButtonAction, job_id: str, locale: str, index: int) -> dict[str, Any]:
    return {
        "type": _BUTTON,
        "style": _RED if action is ButtonAction.DELETE else _GREY,
        "label": say(locale, f"button.{action}", number=index + 1),
        "emoji": {"name": _EMOJI[action]},
        "custom_id": CustomId(action, job_id, index).encode(),
    }
