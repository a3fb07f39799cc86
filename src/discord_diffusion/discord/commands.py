"""The application commands as data: registration and validation are made from it.

https://docs.discord.com/developers/interactions/application-commands
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from discord_diffusion.discord.limits import STRING_OPTION_LENGTH
from discord_diffusion.jobs import GUIDANCE, IMAGES, SEED, STEPS


class OptionType(IntEnum):
    """Kinds of option that a command of ours has."""

    STRING = 3
    INTEGER = 4
    NUMBER = 10


class Context(IntEnum):
    """Where a command can be used."""

    GUILD = 0
    BOT_DM = 1
    PRIVATE_CHANNEL = 2


@dataclass(frozen=True)
class Option:
    """One option; `minimum` and `maximum` bound the value, or the length of a text."""

    name: str
    description: str
    type: OptionType
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For the registration."""
        bounds = ("min_length", "max_length") if self.type is OptionType.STRING else (
            "min_value", "max_value",
        )  # fmt: skip
        limits = zip(bounds, (self.minimum, self.maximum), strict=True)
        return {
            "type": int(self.type),
            "name": self.name,
            "description": self.description,
            "required": self.required,
        } | {name: value for name, value in limits if value is not None}


@dataclass(frozen=True)
class Command:
    """One slash command."""

    name: str
    description: str
    options: tuple[Option, ...]
    contexts: tuple[Context, ...] = field(default=tuple(Context))

    def as_json(self) -> dict[str, Any]:
        """For the registration. Both kinds of installation: to a guild and to a user."""
        return {
            "type": 1,
            "name": self.name,
            "description": self.description,
            "options": [option.as_json() for option in self.options],
            "contexts": [int(context) for context in self.contexts],
            "integration_types": [0, 1],
        }


IMAGINE = Command(
    name="imagine",
    description="Draw pictures from a description",
    options=(
        Option(
            "prompt", "What to draw", OptionType.STRING, required=True,
            minimum=1, maximum=STRING_OPTION_LENGTH,
        ),
        Option(
            "negative_prompt", "What not to draw", OptionType.STRING, maximum=STRING_OPTION_LENGTH
        ),
        Option(
            "images", "How many pictures", OptionType.INTEGER, minimum=IMAGES[0], maximum=IMAGES[1]
        ),
        Option(
            "seed", "The same seed gives the same picture", OptionType.INTEGER,
            minimum=SEED[0], maximum=SEED[1],
        ),
        Option("steps", "Denoising steps", OptionType.INTEGER, minimum=STEPS[0], maximum=STEPS[1]),
        Option(
            "guidance", "How closely to follow the prompt", OptionType.NUMBER,
            minimum=GUIDANCE[0], maximum=GUIDANCE[1],
        ),
    ),
)  # fmt: skip

COMMANDS = (IMAGINE,)


def registration() -> list[dict[str, Any]]:
    """The body of the bulk overwrite."""
    return [command.as_json() for command in COMMANDS]
