"""The options of `/imagine`: one table, from which everything that is the same for each is derived.

Derived are the registered commands and the check of what users send (`discord/commands.py`), the
fields of the job message and what older messages lack (`jobs/parameters.py`), the parameters of a
request (`functions/interactions/parameters.py`), the fields of the form of Edit, the batch key, and
what "Show parameters" lists. CONTRIBUTING.md says how an option is added.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from discord_diffusion.jobs.validation import Fields

PROMPT_LENGTH = (1, 6000)
"""Characters; the upper end is Discord's own for a string option."""
IMAGES = (1, 4)
STEPS = (1, 100)
GUIDANCE = (0.0, 30.0)
SEED = (0, 2**32 - 1)
SIZE = (8, 4096)
"""Pixels of a side; a multiple of `SIZE_MULTIPLE`."""
SIZE_MULTIPLE = 8
"""Pixels that one latent pixel of Stable Diffusion's VAE covers."""
STRENGTH = (0.01, 1.0)
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
STYLE_NAME_LENGTH = (1, 32)
STYLE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
LORA_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,23}")
"""Three names with weights fit into one choice of an autocomplete, which has 100 characters."""
LORA_WEIGHT = (-2.0, 2.0)
_LORA = LORA_NAME.pattern + r":-?(?:[01](?:\.[0-9]{1,2})?|2)"
LORAS = re.compile(f"{_LORA}(?:,{_LORA}){{0,2}}")
"""A set of LoRAs as job messages have it: each with its weight, in the order of their names."""
LORAS_LENGTH = (1, 100)
SCHEDULER = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")

PROPORTIONS = {
    "square": (1, 1),
    "landscape": (3, 2),
    "portrait": (2, 3),
    "wide": (16, 9),
    "tall": (9, 16),
}
"""Width to height of each choice of `size`."""

SCHEDULERS = {
    "DPMSolverMultistepScheduler": "DPM++ 2M",
    "EulerDiscreteScheduler": "Euler",
    "EulerAncestralDiscreteScheduler": "Euler a",
    "UniPCMultistepScheduler": "UniPC",
    "DDIMScheduler": "DDIM",
    "PNDMScheduler": "PNDM",
    "HeunDiscreteScheduler": "Heun",
    "DEISMultistepScheduler": "DEIS",
    "KDPM2DiscreteScheduler": "DPM2",
    "KDPM2AncestralDiscreteScheduler": "DPM2 a",
}
"""Scheduler classes of diffusers that suit Stable Diffusion, and their names in other tools."""

CONSISTENCY_SCHEDULERS = frozenset({"LCMScheduler", "TCDScheduler"})
"""Schedulers of models that were distilled to jump to the picture from any noise, in a few steps.

Each step draws the whole picture and adds noise to it again, without guidance. Other schedulers go
along a path that such a model no longer predicts, so they draw it badly, above all in its few
steps: https://huggingface.co/docs/diffusers/api/schedulers/lcm, https://arxiv.org/abs/2310.04378.
"""


def scheduler_suits(scheduler: str, own: str | None) -> bool:
    """Whether a job may name a scheduler for a model whose own one is `own`, None if unknown."""
    return scheduler == own or own not in CONSISTENCY_SCHEDULERS


class OptionKind(Enum):
    """What the value of an option is."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    BOOLEAN = "true or false"
    FILE = "file"


@dataclass(frozen=True)
class PictureOption:
    """One option of `/imagine`.

    The name is also that of its texts (`imagine.<name>`) and of its field of
    `GenerationParameters`. Where a user leaves the option out, the field has its default, unless
    `ParameterBuilder` knows better. Buttons under an answer keep the value; only Edit changes it.
    """

    name: str
    kind: OptionKind
    bounds: tuple[float, float] | None = None
    """Of the value, or of the length of a text."""
    required: bool = False
    choices: Mapping[str, str | None] = field(default_factory=dict)
    """Each with its name; None where that is a text, `imagine.<name>=<choice>`."""
    autocomplete: bool = False
    is_parameter: bool = True
    """Whether it is a field of `GenerationParameters`; else code decides what becomes of it."""
    form: re.Pattern[str] | None = None
    """What a text of a job message has to look like, where its length does not say enough."""
    multiple_of: int = 1
    """Of the number in a job message; users may give any, which is rounded."""
    in_batch_key: bool = True
    """Whether all pictures of one call of a pipeline have to agree in it."""
    on_edit_form: bool = False
    """Whether Edit shows it, with the text `modal.<name>`; Discord's forms have five fields."""
    is_listed: bool = False
    """Whether "Show parameters" lists it unless it is None, with the text `parameters.<name>`."""
    since: int = 1
    """The first `SCHEMA_VERSION` whose job messages have it; older ones mean its default."""

    def read(self, fields: Fields, default: object) -> Any:
        """The value of its field in a job message; None is allowed where that is the default.

        Raises:
            InvalidJobError: naming the field, its value and what is allowed.
        """
        if default is None and fields.value(self.name) is None:
            return None
        if self.form:
            return fields.matching(self.name, self.form)
        low, high = self.bounds or (0, 0)
        if self.kind is OptionKind.TEXT:
            return fields.text(self.name, (int(low) if self.required else 0, int(high)))
        if self.kind is OptionKind.WHOLE:
            whole = int(low), int(high)
            return fields.integer(self.name, whole, multiple_of=self.multiple_of)
        if self.kind is OptionKind.NUMBER:
            return fields.number(self.name, (low, high))
        return fields.boolean(self.name)


_TEXT, _WHOLE, _NUMBER = OptionKind.TEXT, OptionKind.WHOLE, OptionKind.NUMBER

OPTIONS = (
    PictureOption(
        "prompt", _TEXT, PROMPT_LENGTH, required=True, in_batch_key=False, on_edit_form=True
    ),
    # Not in the batch key as it is: only whether there is one (`batch_key` of the worker).
    PictureOption("negative_prompt", _TEXT, PROMPT_LENGTH, in_batch_key=False, on_edit_form=True),
    PictureOption("images", _WHOLE, IMAGES, in_batch_key=False),
    PictureOption("size", _TEXT, choices=dict.fromkeys(PROPORTIONS), is_parameter=False),
    PictureOption("width", _WHOLE, SIZE, multiple_of=SIZE_MULTIPLE),
    PictureOption("height", _WHOLE, SIZE, multiple_of=SIZE_MULTIPLE),
    PictureOption("seed", _WHOLE, SEED, in_batch_key=False, on_edit_form=True),
    PictureOption("steps", _WHOLE, STEPS, on_edit_form=True),
    PictureOption("guidance", _NUMBER, GUIDANCE, on_edit_form=True),
    PictureOption("model", _TEXT, (1, 64), autocomplete=True, form=MODEL_NAME, is_listed=True),
    PictureOption(
        "lora", _TEXT, LORAS_LENGTH, autocomplete=True, form=LORAS, is_listed=True, since=3
    ),
    PictureOption("scheduler", _TEXT, choices=SCHEDULERS, form=SCHEDULER, is_listed=True),
    # With its templates the parameter `style`.
    PictureOption("style", _TEXT, STYLE_NAME_LENGTH, autocomplete=True, is_parameter=False),
    # The three together are the parameter `source`.
    PictureOption("image", OptionKind.FILE, is_parameter=False),
    PictureOption("mask", OptionKind.FILE, is_parameter=False),
    PictureOption("strength", _NUMBER, STRENGTH, is_parameter=False),
    # Of the job, not of its pictures.
    PictureOption("private", OptionKind.BOOLEAN, is_parameter=False),
    PictureOption("spoiler", OptionKind.BOOLEAN, is_parameter=False),
)
"""In the order in which Discord shows them; the required ones are first."""

PARAMETERS = tuple(option for option in OPTIONS if option.is_parameter)
"""Those that are fields of `GenerationParameters`."""
EDITED = tuple(option for option in OPTIONS if option.on_edit_form)
"""Those that Edit shows, in this order."""
GUILD_DEFAULTS = ("images", "steps", "guidance", "size", "model")
"""Those for which `/settings defaults` sets a value; a field of `GuildSettings` each."""


def named(*names: str) -> tuple[PictureOption, ...]:
    """The options of these names, in the order of the names."""
    by_name = {option.name: option for option in OPTIONS}
    return tuple(by_name[name] for name in names)
