"""The forms of `/settings form`: who may ask where and how safe pictures are; limits; defaults.

Discord's forms have five inputs at most. What is left empty is as deployed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.aws.guild_store import ManagedGuild
from discord_diffusion.discord.command_model import Option, OptionType, check_options
from discord_diffusion.discord.commands import FORMS, SAFETY_LEVELS, SETTINGS
from discord_diffusion.discord.components import CustomId
from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.discord.inputs import (
    CHOSEN,
    Select,
    checkbox,
    label,
    optional_choice,
    optional_select,
    radio_group,
    text_input,
)
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.discord.layout import Component
from discord_diffusion.discord.responses import modal
from discord_diffusion.functions.interactions.settings_changes import LIMITS
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import command_texts, described, language_of, say

ACTION = "settings"
"""Begins the custom_id of a form; the version of the settings that it shows follows, then which of
`FORMS` it is."""
_VALUE_LENGTH = 64
_FEW = 20
"""The most whole numbers that are offered for a choice."""


@dataclass(frozen=True)
class Form:
    """A form that was submitted: its name, and the version of the settings that it showed."""

    name: str
    version: int


def settings_form(
    name: str, guild: ManagedGuild, models: Collection[str], locale: str
) -> dict[str, Any]:
    """The form of that name, with the settings of a guild."""
    settings = guild.settings
    if name == "access":
        labels = _access_labels(settings, locale)
    else:
        labels = [
            _labelled(name, option, _input(option, settings, models, locale), locale)
            for option in SETTINGS.options_of(name)
        ]
    custom_id = CustomId(ACTION, str(guild.version), FORMS.index(name)).encode()
    return modal(custom_id, say(locale, f"form.title_{name}"), labels)


def _access_labels(settings: GuildSettings, locale: str) -> list[Component]:
    levels = command_texts(language_of(locale))
    options = {level: levels[f"settings.safety.level={level}"][0] for level in SAFETY_LEVELS}
    inputs = {
        "roles": optional_select(Select.ROLE, "roles", settings.roles),
        "channels": optional_select(Select.CHANNEL, "channels", settings.channels),
        "priority_roles": optional_select(Select.ROLE, "priority_roles", settings.priority_roles),
        "level": radio_group("level", options, settings.safety),
        "spoiler": checkbox("spoiler", checked=settings.spoiler),
    }
    descriptions = {
        "roles": say(locale, "form.nobody_is_everybody"),
        "channels": say(locale, "form.none_is_everywhere"),
        "priority_roles": described(locale, "settings.priority")[1],
    }
    return [
        label(say(locale, f"form.{name}"), component, descriptions.get(name, ""))
        for name, component in inputs.items()
    ]


def _labelled(form: str, option: Option, component: Component, locale: str) -> Component:
    """An input with the name and the description of its option."""
    name, description = described(locale, f"{SETTINGS.key}.{form}.{option.name}")
    return label(name, component, description)


def _input(
    option: Option, settings: GuildSettings, models: Collection[str], locale: str
) -> Component:
    value = getattr(settings, LIMITS.get(option.name, option.name))
    shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    options = _choices(option, shown, models, locale)
    if options and len(options) <= CHOSEN:
        return optional_choice(option.name, options, shown)
    return text_input(option.name, shown, longest=_VALUE_LENGTH)


def _choices(option: Option, shown: str, models: Collection[str], locale: str) -> Mapping[str, str]:
    """The values of an option that has few, with their names; the present one is among them."""
    if option.choices:
        names = command_texts(language_of(locale))
        path = f"{SETTINGS.key}.defaults.{option.name}"
        return {one.value: names[f"{path}={one.value}"][0] for one in option.choices}
    if option.name == "model":
        return {one: one for one in (*models, shown) if one}
    if option.type is OptionType.INTEGER and option.maximum and option.maximum <= _FEW:
        return {
            str(one): str(one) for one in range(int(option.minimum or 0), int(option.maximum) + 1)
        }
    return {}


def form_of(interaction: Interaction) -> Form | None:
    """The form that was submitted; None if it is another."""
    try:
        custom_id = CustomId.decode(interaction.custom_id)
    except InvalidCustomIdError:
        return None
    if custom_id.action != ACTION or custom_id.index >= len(FORMS):
        return None
    return Form(FORMS[custom_id.index], int(custom_id.job_id))


def submitted(
    form: Form, settings: GuildSettings, interaction: Interaction, models: Collection[str]
) -> GuildSettings:
    """The settings with what was submitted.

    Raises:
        Refusal: a value is not allowed.
    """
    if form.name == "access":
        return _access(settings, interaction)
    options = SETTINGS.options_of(form.name)
    given = check_options(
        f"{SETTINGS.key}.{form.name}",
        options,
        {one.name: _given(one, interaction) for one in options},
    )
    if given.get("model") not in (None, settings.model, *models):
        raise Refusal("model_unknown")
    return replace(settings, **{LIMITS.get(name, name): one for name, one in given.items()})


def _given(option: Option, interaction: Interaction) -> str | int | float | None:
    """What was entered or chosen; what is no number stays a text, so that the check names it."""
    value = next(iter(interaction.chosen.get(option.name, ())), "")
    value = value or interaction.fields.get(option.name, "").strip()
    if not value:
        return None
    try:
        if option.type is OptionType.INTEGER:
            return int(value)
        return float(value.replace(",", ".")) if option.type is OptionType.NUMBER else value
    except ValueError:
        return value


def _access(settings: GuildSettings, interaction: Interaction) -> GuildSettings:
    """The settings with what was submitted; ids that the form could not show stay."""
    given = {"level": interaction.fields.get("level")}
    shown = [option for option in SETTINGS.options_of("safety") if option.name in given]
    level = check_options(f"{SETTINGS.key}.safety", shown, given)["level"]
    if level is None:
        raise Refusal("unknown_modal")
    lists: dict[str, Any] = {
        name: (*interaction.chosen.get(name, ()), *getattr(settings, name)[CHOSEN:])
        for name in ("roles", "channels", "priority_roles")
    }
    spoiler = interaction.fields.get("spoiler") == "true"
    return replace(settings, **lists, safety=level, spoiler=spoiler)
