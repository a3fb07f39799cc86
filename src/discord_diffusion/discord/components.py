"""The buttons of an answer, and their `custom_id`, which holds all that a click means.

https://docs.discord.com/developers/components/reference
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.discord.layout import Component, row
from discord_diffusion.jobs.options import SIZE
from discord_diffusion.jobs.outpainting import can_pan
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.texts.catalogue import say

CUSTOM_ID_LENGTH = (1, 100)
"""Characters."""
UPSCALE_FACTOR = 2
"""How many times larger an upscaled picture is."""
_BUTTON = 2
_GREY, _RED, _LINK = 2, 4, 5
_CUSTOM_ID = re.compile(r"(?P<action>[a-z_]{1,32}):(?P<job_id>[0-9]{1,20}):(?P<index>[0-9]{1,2})")


class ButtonAction(StrEnum):
    """What a click on a button does, as the custom_id names it."""

    CANCEL = "cancel"
    REROLL = "reroll"
    EDIT = "edit"
    SEED = "seed"
    START = "start"
    VARY = "vary"
    UPSCALE = "upscale"
    ZOOM_OUT = "zoom_out"
    PAN = "pan"
    DELETE = "delete"
    NEWER = "newer"
    OLDER = "older"


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
    ButtonAction.START: "🖼️",
    ButtonAction.VARY: "🔀",
    ButtonAction.UPSCALE: "🔍",
    ButtonAction.ZOOM_OUT: "🔭",
    ButtonAction.PAN: "↔️",
    ButtonAction.DELETE: "🗑️",
    ButtonAction.NEWER: "◀️",
    ButtonAction.OLDER: "▶️",
}


def queued_job_row(job_id: str, locale: str) -> Component:
    """The buttons of a queued job."""
    return row([_button(ButtonAction.CANCEL, job_id, locale)])


def picture_buttons(
    job_id: str, locale: str, parameters: GenerationParameters, index: int
) -> list[Component]:
    """The buttons that belong to one picture of an answer."""
    actions = [
        ButtonAction.VARY,
        *([ButtonAction.UPSCALE] if can_upscale(parameters) else []),
        ButtonAction.SEED,
        ButtonAction.ZOOM_OUT,
        *([ButtonAction.PAN] if can_pan(*parameters.finished_size) else []),
    ]
    return [_button(action, job_id, locale, index) for action in actions]


def answer_row(job_id: str, locale: str) -> Component:
    """The buttons that belong to a whole answer."""
    actions = (ButtonAction.REROLL, ButtonAction.EDIT, ButtonAction.START, ButtonAction.DELETE)
    return row([_button(action, job_id, locale) for action in actions])


def history_row(job_id: str, locale: str, link: str | None) -> Component:
    """The buttons of a job in its user's history, where its pictures are not shown."""
    actions = (ButtonAction.REROLL, ButtonAction.EDIT, ButtonAction.START)
    buttons = [_button(action, job_id, locale) for action in actions]
    return row([*buttons, *([_link(say(locale, "button.open"), link)] if link else [])])


def page_row(newest_id: str | None, oldest_id: str | None, locale: str) -> Component:
    """The buttons to the pages before and after, given with the jobs that they begin at."""
    edges = {ButtonAction.NEWER: newest_id, ButtonAction.OLDER: oldest_id}
    return row([_button(action, edge, locale) for action, edge in edges.items() if edge])


def can_upscale(parameters: GenerationParameters) -> bool:
    """Whether a picture of that job, enlarged once more, is not larger than is allowed."""
    scale = UPSCALE_FACTOR * (parameters.source.scale if parameters.source else 1)
    return max(parameters.width, parameters.height) * scale <= SIZE[1]


def _button(action: ButtonAction, job_id: str, locale: str, index: int = 0) -> Component:
    return {
        "type": _BUTTON,
        "style": _RED if action is ButtonAction.DELETE else _GREY,
        "label": say(locale, f"button.{action}", number=index + 1),
        "emoji": {"name": _EMOJI[action]},
        "custom_id": CustomId(action, job_id, index).encode(),
    }


def _link(title: str, url: str) -> Component:
    return {"type": _BUTTON, "style": _LINK, "label": title, "url": url}
