"""`/imagine`: from the options of a command to a job."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord_diffusion.discord.commands import IMAGINE, Option, OptionType
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.discord.text import clean
from discord_diffusion.jobs import GenerationParameters, Job
from discord_diffusion.settings import InteractionsSettings

_INVISIBLE = " \u200b\u200c\u200d\u2060\ufeff"
"""What a prompt may hold but not consist of: spaces and joiners without width."""


class InvalidOptionError(ValueError):
    """A value that the command does not allow; the text is for the user."""


@dataclass(frozen=True)
class Imagine:
    """Makes jobs with the defaults of one deployment."""

    settings: InteractionsSettings

    def job(self, interaction: Interaction) -> Job:
        """The job that an interaction asks for. The same interaction always gives the same job.

        Raises:
            InvalidOptionError: naming the option and what is allowed.
            InvalidJob: Discord sent something else that the worker would refuse.
        """
        options = {one.name: _checked(one, interaction.options) for one in IMAGINE.options}
        prompt = clean(str(options["prompt"] or ""))
        if not prompt.strip(_INVISIBLE):
            raise InvalidOptionError("`prompt` is empty: say what to draw.")
        defaults = self.settings
        parameters = GenerationParameters(
            prompt=prompt,
            negative_prompt=clean(str(options["negative_prompt"] or "")),
            seed=_or(options["seed"], _seed(interaction.id)),
            steps=_or(options["steps"], defaults.default_steps),
            guidance=float(_or(options["guidance"], defaults.default_guidance)),
            width=defaults.default_width,
            height=defaults.default_height,
            images=_or(options["images"], defaults.default_images),
        )
        job = Job(
            id=interaction.id,
            application_id=interaction.application_id,
            token=interaction.token,
            user_id=interaction.user_id,
            locale=interaction.locale,
            parameters=parameters,
            channel_id=interaction.channel_id,
            guild_id=interaction.guild_id,
            attachment_size_limit=interaction.attachment_size_limit,
            nsfw=interaction.nsfw,
        )
        # Never let a message into the queue that the worker would refuse.
        return Job.from_json(job.to_json())


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _seed(interaction_id: str) -> int:
    """A seed that looks random and is the same when Discord sends an interaction again."""
    return int.from_bytes(hashlib.sha256(interaction_id.encode()).digest()[:4], "big")


def _checked(option: Option, given: Mapping[str, Any]) -> Any:
    """The value of an option, or None. Discord's clients check too; we do not rely on it."""
    value = given.get(option.name)
    if value is None:
        return None
    if option.type is OptionType.STRING:
        return _checked_text(option, value)
    whole = option.type is OptionType.INTEGER
    allowed_types = (int,) if whole else (int, float)
    low, high = option.minimum or 0, option.maximum or 0
    if type(value) not in allowed_types or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise InvalidOptionError(f"`{option.name}` must be {kind} from {low:.0f} to {high:.0f}.")
    return value


def _checked_text(option: Option, value: object) -> str:
    if not isinstance(value, str) or len(value) > (option.maximum or 0):
        raise InvalidOptionError(f"`{option.name}` must be a text of up to {option.maximum:.0f}.")
    return value
