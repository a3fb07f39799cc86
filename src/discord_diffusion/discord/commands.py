"""The application commands as data, for registration, checks, autocomplete and help."""

from dataclasses import replace

from discord_diffusion.access.limits import COOLDOWN_SECONDS, JOBS_IN_FLIGHT, UNITS
from discord_diffusion.discord.command_model import (
    MANAGE_GUILD,
    Choice,
    Command,
    CommandType,
    Context,
    Option,
    OptionType,
    SubCommand,
)
from discord_diffusion.jobs.parameters import (
    GUIDANCE,
    IMAGES,
    PROMPT_LENGTH,
    SEED,
    SIZE,
    STEPS,
    STRENGTH,
)

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
"""Scheduler classes of diffusers that suit Stable Diffusion, and their names in other tools.

A scheduler that needs a model of its own, as LCM does, is set for that model.
"""

SAFETY_LEVELS = ("strict", "channel")
"""Where flagged pictures are held back: everywhere, or not in channels with an age restriction."""

PATTERN_LENGTH = (2, 100)


def _integer(name: str, allowed: tuple[int, int]) -> Option:
    return Option(name, OptionType.INTEGER, minimum=allowed[0], maximum=allowed[1])


def _number(name: str, allowed: tuple[float, float]) -> Option:
    return Option(name, OptionType.NUMBER, minimum=allowed[0], maximum=allowed[1])


def _text(name: str, length: tuple[int, int], *, required: bool = False) -> Option:
    return Option(name, OptionType.STRING, required, *length)


def _required(name: str, kind: OptionType) -> Option:
    return Option(name, kind, required=True)


_SIZE = Option("size", OptionType.STRING, choices=tuple(map(Choice, PROPORTIONS)))
_MODEL = replace(_text("model", (1, 64)), autocomplete=True)
_ENTRY = _text("entry", (1, 100), required=True)
_PATTERN = _text("pattern", PATTERN_LENGTH, required=True)

IMAGINE = Command(
    "imagine",
    options=(
        _text("prompt", PROMPT_LENGTH, required=True),
        _text("negative_prompt", PROMPT_LENGTH),
        _integer("images", IMAGES),
        _SIZE,
        _integer("width", SIZE),
        _integer("height", SIZE),
        _integer("seed", SEED),
        _integer("steps", STEPS),
        _number("guidance", GUIDANCE),
        _MODEL,
        Option(
            "scheduler",
            OptionType.STRING,
            choices=tuple(Choice(name, label) for name, label in SCHEDULERS.items()),
        ),
        Option("image", OptionType.ATTACHMENT),
        _number("strength", STRENGTH),
        Option("private", OptionType.BOOLEAN),
        Option("spoiler", OptionType.BOOLEAN),
    ),
)

QUEUE = Command("queue")
CANCEL = Command("cancel")
QUOTA = Command("quota")
HELP = Command("help")
SHOW_PARAMETERS = Command("Show parameters", CommandType.MESSAGE)

SETTINGS = Command(
    "settings",
    subcommands=(
        SubCommand("show"),
        SubCommand("form"),
        SubCommand(
            "access",
            (
                _required("allow", OptionType.BOOLEAN),
                Option("role", OptionType.ROLE),
                Option("channel", OptionType.CHANNEL),
            ),
        ),
        SubCommand(
            "priority",
            (_required("allow", OptionType.BOOLEAN), _required("role", OptionType.ROLE)),
        ),
        SubCommand(
            "user",
            (_required("allow", OptionType.BOOLEAN), _required("user", OptionType.USER)),
        ),
        SubCommand("revoke", (replace(_ENTRY, autocomplete=True),)),
        SubCommand(
            "limits",
            (
                _integer("user_units", UNITS),
                _integer("server_units", UNITS),
                _integer("cooldown", COOLDOWN_SECONDS),
                _integer("jobs", JOBS_IN_FLIGHT),
                _integer("max_side", SIZE),
            ),
        ),
        SubCommand(
            "defaults",
            (
                _integer("images", IMAGES),
                _integer("steps", STEPS),
                _number("guidance", GUIDANCE),
                _SIZE,
                _MODEL,
            ),
        ),
        SubCommand(
            "safety",
            (
                Option("level", OptionType.STRING, choices=tuple(map(Choice, SAFETY_LEVELS))),
                Option("spoiler", OptionType.BOOLEAN),
                Option("channel", OptionType.CHANNEL),
            ),
        ),
        SubCommand("block", (_PATTERN,)),
        SubCommand("unblock", (replace(_PATTERN, autocomplete=True),)),
        SubCommand("reset"),
    ),
    contexts=(Context.GUILD,),
    permissions=MANAGE_GUILD,
)

COMMANDS = (IMAGINE, QUEUE, CANCEL, QUOTA, HELP, SETTINGS, SHOW_PARAMETERS)
