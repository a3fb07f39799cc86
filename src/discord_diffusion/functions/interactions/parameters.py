"""From the options of `/imagine` to what is drawn."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.discord.commands import IMAGINE, PROPORTIONS
from discord_diffusion.discord.interactions import Attachment, Interaction
from discord_diffusion.discord.options import checked
from discord_diffusion.discord.text import clean
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.parameters import (
    SIZE,
    SIZE_MULTIPLE,
    GenerationParameters,
    SourceImage,
)
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.settings import InteractionsSettings

STRENGTH = 0.6
"""Of a picture to begin from, where none is named."""
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")
PICTURE_MEGABYTES = 25
_INVISIBLE = " \u200b\u200c\u200d\u2060\ufeff"
"""What a prompt may hold but not consist of: spaces and joiners without width."""


@dataclass(frozen=True)
class Imagine:
    """Makes parameters with the defaults of one deployment."""

    settings: InteractionsSettings

    def parameters(self, interaction: Interaction, guild: GuildSettings) -> GenerationParameters:
        """What a command asks for. The same interaction always asks for the same.

        Raises:
            Refusal: naming the option and what is allowed.
        """
        options = checked(IMAGINE.key, IMAGINE.options, interaction.options)
        model = options["model"] or guild.model
        spec = self._model(model)
        width, height = self._size(options, guild)
        drawn = GenerationParameters(
            prompt=worded(options["prompt"]),
            negative_prompt=clean(options["negative_prompt"] or ""),
            seed=_first(options["seed"], seed_of(interaction.id)),
            steps=_first(options["steps"], guild.steps, spec.steps, self.settings.default_steps),
            guidance=float(
                _first(
                    options["guidance"],
                    guild.guidance,
                    spec.guidance,
                    self.settings.default_guidance,
                )
            ),
            width=width,
            height=height,
            images=_first(options["images"], guild.images, self.settings.default_images),
            scheduler=options["scheduler"],
            model=model,
            source=_source(options, interaction.attachments),
        )
        self.check_size(drawn, guild)
        return drawn

    def check_size(self, drawn: GenerationParameters, guild: GuildSettings) -> None:
        """Return if pictures of that size are drawn.

        Raises:
            Refusal: naming the largest that is.
        """
        scale = drawn.source.scale if drawn.source else 1
        width, height = drawn.width * scale, drawn.height * scale
        most = guild.max_side or SIZE[1]
        area = self._model(drawn.model).max_pixels or self.settings.max_pixels
        if max(width, height) > most or width * height > area:
            raise Refusal("size_too_large", width=width, height=height, most=most, area=area)

    def _model(self, name: str | None) -> ModelSpec:
        """What is known of a model; of the deployment's usual one nothing special."""
        if name is None:
            return ModelSpec("")
        if name not in self.settings.models:
            raise Refusal("model_unknown")
        return self.settings.models[name]

    def _size(self, options: Mapping[str, Any], guild: GuildSettings) -> tuple[int, int]:
        """As many pixels as usual in the proportions asked for, or the sides that are named."""
        usual = self.settings.default_width, self.settings.default_height
        size = options["size"] or guild.size
        across, down = PROPORTIONS[size] if size else usual
        width, height = options["width"], options["height"]
        if width is None and height is None:
            width = math.sqrt(usual[0] * usual[1] * across / down)
        if width is None:
            width = height * across / down
        if height is None:
            height = width * down / across
        return _rounded(width), _rounded(height)


def worded(prompt: str | None) -> str:
    """A prompt, made fit for a message.

    Raises:
        Refusal: it says nothing.
    """
    cleaned = clean(prompt or "")
    if not cleaned.strip(_INVISIBLE):
        raise Refusal("prompt_empty")
    return cleaned


def seed_of(interaction_id: str) -> int:
    """A seed that looks random and is the same when Discord sends an interaction again."""
    return int.from_bytes(hashlib.sha256(interaction_id.encode()).digest()[:4], "big")


def _source(options: Mapping[str, Any], files: Mapping[str, Attachment]) -> SourceImage | None:
    if options["image"] is None:
        if options["strength"] is not None:
            raise Refusal("strength_alone")
        return None
    file = files.get(options["image"])
    largest = PICTURE_MEGABYTES * 1024 * 1024
    if not file or file.content_type not in PICTURE_TYPES or file.size > largest:
        raise Refusal("not_a_picture", megabytes=PICTURE_MEGABYTES)
    return SourceImage(file.url, float(_first(options["strength"], STRENGTH)))


def _rounded(pixels: float) -> int:
    multiple = round(pixels / SIZE_MULTIPLE) * SIZE_MULTIPLE
    return max(SIZE[0], min(SIZE[1], multiple))


def _first(*values: Any) -> Any:
    """The first value that is given."""
    return next(value for value in values if value is not None)
