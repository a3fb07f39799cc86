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
from discord_diffusion.jobs.options import (
    GUILD_DEFAULTS,
    OPTIONS,
    SIZE,
    STYLE_NAME_LENGTH,
    OptionKind,
    PictureOption,
    named,
)
from discord_diffusion.jobs.parameters import TEMPLATE_LENGTH

SAFETY_LEVELS = ("strict", "channel")
"""Where flagged pictures are held back: everywhere, or not in channels with an age restriction."""

FORMS = ("access", "limits", "defaults")
"""The forms of a server's settings; the first is shown where none is named."""

PATTERN_LENGTH = (2, 100)

SOURCE_IMAGE_TYPES = ("image", ".heic", ".heif")
"""What a source image may be called; the worker looks into the file."""


_TYPES = {
    OptionKind.TEXT: OptionType.STRING,
    OptionKind.WHOLE: OptionType.INTEGER,
    OptionKind.NUMBER: OptionType.NUMBER,
    OptionKind.BOOLEAN: OptionType.BOOLEAN,
    OptionKind.FILE: OptionType.ATTACHMENT,
}


def _of_picture(known: PictureOption) -> Option:
    low, high = known.bounds or (None, None)
    choices = tuple(Choice(value, label) for value, label in known.choices.items())
    kind = _TYPES[known.kind]
    files = SOURCE_IMAGE_TYPES if kind is OptionType.ATTACHMENT else ()
    return Option(known.name, kind, known.required, low, high, choices, known.autocomplete, files)


def _integer(name: str, allowed: tuple[int, int]) -> Option:
    return Option(name, OptionType.INTEGER, minimum=allowed[0], maximum=allowed[1])


def _text(name: str, length: tuple[int, int], *, required: bool = False) -> Option:
    return Option(name, OptionType.STRING, required, *length)


def _required(name: str, kind: OptionType) -> Option:
    return Option(name, kind, required=True)


_ENTRY = _text("entry", (1, 100), required=True)
_PATTERN = _text("pattern", PATTERN_LENGTH, required=True)

IMAGINE = Command("imagine", options=tuple(map(_of_picture, OPTIONS)))

QUEUE = Command("queue")
CANCEL = Command("cancel")
QUOTA = Command("quota")
HISTORY = Command("history")
HELP = Command("help")
SHOW_PARAMETERS = Command("Show parameters", CommandType.MESSAGE)

SETTINGS = Command(
    "settings",
    subcommands=(
        SubCommand("show"),
        SubCommand(
            "form", (Option("about", OptionType.STRING, choices=tuple(map(Choice, FORMS))),)
        ),
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
        SubCommand(
            "quota",
            (_required("user", OptionType.USER), Option("reset", OptionType.BOOLEAN)),
        ),
        SubCommand("stop", (Option("user", OptionType.USER),)),
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
        SubCommand("defaults", tuple(map(_of_picture, named(*GUILD_DEFAULTS)))),
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
        SubCommand(
            "add_style",
            (
                _text("name", STYLE_NAME_LENGTH, required=True),
                _text("prompt", TEMPLATE_LENGTH),
                _text("negative_prompt", TEMPLATE_LENGTH),
                *map(_of_picture, named("steps", "guidance", "scheduler")),
            ),
        ),
        SubCommand(
            "remove_style",
            (replace(_text("name", STYLE_NAME_LENGTH, required=True), autocomplete=True),),
        ),
        SubCommand("audit"),
        SubCommand("summary"),
        SubCommand("reset"),
    ),
    contexts=(Context.GUILD,),
    permissions=MANAGE_GUILD,
)

COMMANDS = (IMAGINE, QUEUE, CANCEL, QUOTA, HISTORY, HELP, SETTINGS, SHOW_PARAMETERS)
