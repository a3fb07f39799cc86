"""The form of `/settings form`: who may ask, where, with priority, and how safe pictures are."""

from dataclasses import replace
from typing import Any

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.discord.command_model import check_options
from discord_diffusion.discord.commands import SAFETY_LEVELS, SETTINGS
from discord_diffusion.discord.components import CustomId
from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.discord.inputs import (
    CHOSEN,
    Select,
    checkbox,
    label,
    optional_select,
    radio_group,
)
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.discord.responses import modal
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import command_texts, described, language_of, say

ACTION = "settings"
"""Begins the custom_id of the form; the version of the settings that it shows follows."""


def settings_form(settings: GuildSettings, version: int, locale: str) -> dict[str, Any]:
    """The form with the settings of a guild, of that version."""
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
    labels = [
        label(say(locale, f"form.{name}"), component, descriptions.get(name, ""))
        for name, component in inputs.items()
    ]
    custom_id = CustomId(ACTION, str(version)).encode()
    return modal(custom_id, say(locale, "form.title"), labels)


def version_of(interaction: Interaction) -> int | None:
    """The version of the settings that a submitted form showed; None if it is another form."""
    try:
        custom_id = CustomId.decode(interaction.custom_id)
    except InvalidCustomIdError:
        return None
    return int(custom_id.job_id) if custom_id.action == ACTION else None


def submitted(settings: GuildSettings, interaction: Interaction) -> GuildSettings:
    """The settings with what was submitted; ids that the form could not show stay.

    Raises:
        Refusal: the level is not one of the choices.
    """
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
