"""The parameters of a picture, from the options of `/imagine` and the defaults of its guild."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.discord.command_model import check_options
from discord_diffusion.discord.commands import IMAGINE
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.discord.message_content import Attachment
from discord_diffusion.functions.interactions.loras import check_loras, chosen_loras
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.options import (
    PARAMETERS,
    PROPORTIONS,
    SIZE,
    SIZE_MULTIPLE,
    OptionKind,
    scheduler_suits,
)
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage, Style
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.texts.formatting import clean

DEFAULT_STRENGTH = 0.6
"""Share of the denoising that is done anew on a source image, where the user names none."""
MASKED_STRENGTH = 1.0
"""The same for what is white in a mask."""
OTHER_FILES = ("audio/", "font/", "model/", "text/", "video/")
OTHER_DOCUMENTS = frozenset({"application/json", "application/pdf", "application/zip"})
"""Content types of what people attach by mistake; the worker looks into files of all others."""
SOURCE_IMAGE_MEGABYTES = 25
_NO_STYLE = Style("")
_BLANK_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Cf", "Mn", "Me"})
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc")
"""Spaces, marks and characters that show nothing: a prompt may contain them, but not consist of
them."""


@dataclass(frozen=True)
class ParameterBuilder:
    """Builds and checks parameters, with the defaults and limits of one deployment."""

    settings: InteractionsSettings

    def build(self, interaction: Interaction, guild: GuildSettings) -> GenerationParameters:
        """The parameters of `/imagine`, always the same for the same interaction.

        Raises:
            Refusal: naming the option and what is allowed.
        """
        options = check_options(IMAGINE.key, IMAGINE.options, interaction.options)
        model = options["model"] or guild.model
        spec = self._model(model)
        width, height = self._size(options, guild)
        deployed = self.deployed_defaults(spec)
        style = self._style(options["style"], guild)
        preset = self._preset(style, model)
        guidances = options["guidance"], preset.guidance, guild.guidance
        given = given_parameters(options) | {
            "prompt": checked_prompt(options["prompt"]),
            "negative_prompt": clean(options["negative_prompt"] or ""),
            "seed": _first(options["seed"], seed_of(interaction.id)),
            "steps": _first(options["steps"], preset.steps, guild.steps, deployed["steps"]),
            "guidance": float(_first(*guidances, deployed["guidance"])),
            "width": width,
            "height": height,
            "images": _first(options["images"], guild.images, deployed["images"]),
            "model": model,
            "scheduler": options["scheduler"] or preset.scheduler,
            "style": style,
            "lora": chosen_loras(options["lora"], self.settings.loras),
            "source": source_image(options, interaction.attachments),
        }
        return GenerationParameters(**given)

    def deployed_defaults(self, model: ModelSpec) -> dict[str, int | float]:
        """The numbers that are taken where neither a request nor its guild names one."""
        settings = self.settings
        return {
            "images": settings.default_images,
            "steps": _first(model.steps, settings.default_steps),
            "guidance": _first(model.guidance, settings.default_guidance),
        }

    def largest(self, model: ModelSpec, guild: GuildSettings) -> tuple[int, int]:
        """Most pixels of a side, and of a whole picture."""
        return guild.max_side or SIZE[1], model.max_pixels or self.settings.max_pixels

    def check_size(self, parameters: GenerationParameters, guild: GuildSettings) -> None:
        """Check that pictures of that size may be drawn.

        Raises:
            Refusal: naming the largest size that is allowed.
        """
        width, height = parameters.finished_size
        most, area = self.largest(self._model(parameters.model), guild)
        if max(width, height) > most or width * height > area:
            raise Refusal("size_too_large", width=width, height=height, most=most, area=area)

    def styles(self, guild: GuildSettings) -> Mapping[str, Style]:
        """The styles by name: the guild's, and the deployment's that it has not replaced."""
        return {**self.settings.styles, **{style.name: style for style in guild.styles}}

    def _style(self, name: str | None, guild: GuildSettings) -> Style | None:
        if name is None:
            return None
        found = self.styles(guild).get(name)
        if not found:
            raise Refusal("style_unknown")
        return found

    def check_loras(self, parameters: GenerationParameters) -> None:
        """Check that the deployment has the LoRAs for the model.

        Raises:
            Refusal: naming the one that it has not.
        """
        check_loras(parameters, self.settings.loras)

    def check_scheduler(self, parameters: GenerationParameters) -> None:
        """Check that the model may be drawn with the scheduler, if one is named.

        Raises:
            Refusal: the model has a scheduler that no other one can stand for.
        """
        named = parameters.scheduler
        if named and not scheduler_suits(named, self._own_scheduler(parameters.model)):
            raise Refusal("scheduler_model", option=f"{IMAGINE.key}.scheduler")

    def _preset(self, style: Style | None, model: str | None) -> Style:
        """The steps, guidance and scheduler of a style; none where they are for other models."""
        named = style.scheduler if style else None
        is_unsuited = named and not scheduler_suits(named, self._own_scheduler(model))
        return style if style and not is_unsuited else _NO_STYLE

    def _own_scheduler(self, model: str | None) -> str | None:
        """The scheduler that is set for a model; None where it is the one in its folder."""
        return self._model(model).scheduler if model else self.settings.tariff.scheduler

    def _model(self, name: str | None) -> ModelSpec:
        """The model of that name; None is the default, whose details only workers know."""
        if name is None:
            return ModelSpec("")
        if name not in self.settings.models:
            raise Refusal("model_unknown")
        return self.settings.models[name]

    def _size(self, options: Mapping[str, Any], guild: GuildSettings) -> tuple[int, int]:
        """The sides that are given; else the default number of pixels, in the given proportions."""
        default = self.settings.default_width, self.settings.default_height
        size = options["size"] or guild.size
        across, down = PROPORTIONS[size] if size else default
        width, height = options["width"], options["height"]
        if width is None and height is None:
            width = math.sqrt(default[0] * default[1] * across / down)
        if width is None:
            width = height * across / down
        if height is None:
            height = width * down / across
        return _rounded(width), _rounded(height)


def given_parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that checked options give as they are, by field."""
    return {
        one.name: float(value) if one.kind is OptionKind.NUMBER else value
        for one in PARAMETERS
        if (value := options.get(one.name)) is not None
    }


def checked_prompt(prompt: str | None) -> str:
    """A prompt without the characters that a message can't show.

    Raises:
        Refusal: nothing visible is left.
    """
    cleaned = clean(prompt or "")
    if all(char in _BLANKS or category(char) in _BLANK_CATEGORIES for char in cleaned):
        raise Refusal("prompt_empty")
    return cleaned


def seed_of(interaction_id: str) -> int:
    """A seed that looks random, and is the same for a redelivered interaction."""
    return int.from_bytes(hashlib.sha256(interaction_id.encode()).digest()[:4], "big")


def source_image(options: Mapping[str, Any], files: Mapping[str, Attachment]) -> SourceImage | None:
    """The source image that `image`, `mask` and `strength` name, among the given files.

    Raises:
        Refusal: a file is too large, or certainly no picture.
    """
    if options["image"] is None:
        for alone in ("strength", "mask"):
            if options.get(alone) is not None:
                raise Refusal(f"{alone}_alone")
        return None
    url = _picture_url("image", options, files)
    if options.get("mask") is None:
        return SourceImage(url, float(_first(options["strength"], DEFAULT_STRENGTH)))
    strength = float(_first(options["strength"], MASKED_STRENGTH))
    return SourceImage(url, strength, mask=_picture_url("mask", options, files))


def _picture_url(name: str, options: Mapping[str, Any], files: Mapping[str, Attachment]) -> str:
    """The address of the file that an option names; `Refusal` if it is no picture to use."""
    file = files.get(options[name])
    largest = SOURCE_IMAGE_MEGABYTES * 1024 * 1024
    if not file or not _may_be_picture(file) or file.size > largest:
        option = f"{IMAGINE.key}.{name}"
        raise Refusal("not_a_picture", option=option, megabytes=SOURCE_IMAGE_MEGABYTES)
    return file.url


def _may_be_picture(file: Attachment) -> bool:
    """Whether the worker should look into the file, for which a GPU may be woken.

    Discord leaves the type out or guesses it by the file's name, but it measures a picture.
    https://docs.discord.com/developers/resources/message#attachment-object
    """
    kind = file.content_type.partition(";")[0].strip().lower()
    if file.is_measured and not kind.startswith("video/"):
        return True
    return kind not in OTHER_DOCUMENTS and not kind.startswith(OTHER_FILES)


def _rounded(pixels: float) -> int:
    multiple = round(pixels / SIZE_MULTIPLE) * SIZE_MULTIPLE
    return max(SIZE[0], min(SIZE[1], multiple))


def _first(*values: Any) -> Any:
    """The first value that is given."""
    return next(value for value in values if value is not None)
