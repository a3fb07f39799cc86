"""`/settings`: what those who may manage a guild decide, and what they can choose from."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.access.blocklist import with_pattern
from discord_diffusion.access.guild_settings import GuildSettings, toggled
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.discord import interactions as responses
from discord_diffusion.discord import text
from discord_diffusion.discord.command_model import MANAGE_GUILD
from discord_diffusion.discord.commands import SETTINGS
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.discord.options import checked
from discord_diffusion.functions.interactions.stores import Guilds
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.command_texts import described

log = logging.getLogger(__name__)

Options = Mapping[str, Any]
Change = Callable[[GuildSettings, Options], GuildSettings]
SHOWN = 20
"""Roles, channels or patterns that are listed."""


@dataclass(frozen=True)
class GuildCommands:
    """Shows and changes what a guild has decided."""

    guilds: Guilds
    models: Mapping[str, ModelSpec]

    def answer(self, interaction: Interaction) -> dict[str, Any]:
        """Answer `/settings`.

        Raises:
            Refusal: nothing was changed.
        """
        guild_id = _allowed(interaction)
        settings, version = self._known(guild_id)
        name = interaction.subcommand or "show"
        if name not in _CHANGES and name != "show":
            raise Refusal("unknown_command")
        given = checked(f"{SETTINGS.key}.{name}", SETTINGS.options_of(name), interaction.options)
        if name == "show":
            return responses.ephemeral(shown(settings, interaction.locale))
        if given.get("model") and given["model"] not in self.models:
            raise Refusal("model_unknown")
        changed = _CHANGES[name](settings, given)
        self._save(interaction, guild_id, changed, version, f"settings.{name}")
        saved = say(interaction.locale, "done.saved")
        return responses.ephemeral("\n".join([saved, shown(changed, interaction.locale)]))

    def patterns(self, interaction: Interaction) -> tuple[str, ...]:
        """The blocklist, for those who may see it."""
        try:
            return self._known(_allowed(interaction))[0].blocklist
        except Refusal:
            return ()

    def _known(self, guild_id: str) -> tuple[GuildSettings, int]:
        try:
            return self.guilds.settings(guild_id)
        except StoreError:
            raise Refusal("store") from None

    def _save(
        self,
        interaction: Interaction,
        guild_id: str,
        settings: GuildSettings,
        version: int,
        action: str,
    ) -> None:
        try:
            if not self.guilds.save(guild_id, settings, version):
                raise Refusal("settings_changed")
        except StoreError as error:
            log.error("Not saved", extra={"reason": str(error)})
            raise Refusal("store") from None
        try:
            self.guilds.audit(
                interaction.id,
                interaction.user_id,
                guild_id,
                action,
                datetime.now(UTC),
                settings=settings.to_json(),
            )
        except StoreError as error:
            # The settings hold already: a refusal would say that they do not.
            log.error("Saved, but not audited", extra={"reason": str(error)})


def shown(settings: GuildSettings, locale: str) -> str:
    """All settings, named as the options are that change them."""

    def line(path: str, value: object) -> str:
        name = described(locale, f"settings.{path}")[0]
        return f"**{name}**: {say(locale, 'settings.default') if value is None else value}"

    roles = _listed("<@&{}>", settings.roles) or say(locale, "settings.everybody")
    channels = _listed("<#{}>", settings.channels) or say(locale, "settings.everywhere")
    priority = _listed("<@&{}>", settings.priority_roles) or say(locale, "settings.nobody")
    blocked = ", ".join(f"`{one}`" for one in settings.blocklist[:SHOWN]) or "—"
    level = described_choice(locale, f"settings.safety.level={settings.safety}")
    lines = [
        line("access.role", roles),
        line("access.channel", channels),
        line("priority", priority),
        line("limits.user_units", settings.user_units),
        line("limits.server_units", settings.guild_units),
        line("limits.cooldown", settings.cooldown_seconds),
        line("limits.jobs", settings.in_flight),
        line("limits.max_side", settings.max_side),
        line("defaults.images", settings.images),
        line("defaults.steps", settings.steps),
        line("defaults.guidance", settings.guidance),
        line("defaults.size", settings.size),
        line("defaults.model", settings.model),
        line("safety.level", level),
        line("safety.spoiler", say(locale, f"settings.{'on' if settings.spoiler else 'off'}")),
        line("block", text.clean(blocked)),
    ]
    return "\n".join(lines)


def described_choice(locale: str, path: str) -> str:
    """What a choice is called."""
    from discord_diffusion.texts.catalogue import language_of
    from discord_diffusion.texts.command_texts import command_texts

    return command_texts(language_of(locale))[path][0]


def _listed(form: str, ids: tuple[str, ...]) -> str:
    return " ".join(form.format(one) for one in ids[:SHOWN])


def _allowed(interaction: Interaction) -> str:
    """The guild, if the member may manage it. Discord checks too; we do not rely on it."""
    if not interaction.guild_id:
        raise Refusal("guild_only")
    if not interaction.may(MANAGE_GUILD):
        raise Refusal("manage_guild")
    return interaction.guild_id


def _access(settings: GuildSettings, given: Options) -> GuildSettings:
    if not given["role"] and not given["channel"]:
        raise Refusal("nothing_to_change")
    if given["role"]:
        roles = toggled(settings.roles, given["role"], given["allow"])
        settings = replace(settings, roles=roles)
    if given["channel"]:
        channels = toggled(settings.channels, given["channel"], given["allow"])
        settings = replace(settings, channels=channels)
    return settings


def _priority(settings: GuildSettings, given: Options) -> GuildSettings:
    roles = toggled(settings.priority_roles, given["role"], given["allow"])
    return replace(settings, priority_roles=roles)


def _values(names: Mapping[str, str]) -> Change:
    """A change of each field whose option is given; `names` maps options to fields."""

    def change(settings: GuildSettings, given: Options) -> GuildSettings:
        values = {names[name]: value for name, value in given.items() if value is not None}
        if not values:
            raise Refusal("nothing_to_change")
        return replace(settings, **values)

    return change


def _block(settings: GuildSettings, given: Options) -> GuildSettings:
    return replace(settings, blocklist=with_pattern(settings.blocklist, given["pattern"]))


def _unblock(settings: GuildSettings, given: Options) -> GuildSettings:
    if given["pattern"] not in settings.blocklist:
        raise Refusal("pattern_unknown")
    return replace(settings, blocklist=toggled(settings.blocklist, given["pattern"], False))


_CHANGES: Mapping[str, Change] = {
    "access": _access,
    "priority": _priority,
    "limits": _values(
        {
            "user_units": "user_units",
            "server_units": "guild_units",
            "cooldown": "cooldown_seconds",
            "jobs": "in_flight",
            "max_side": "max_side",
        }
    ),
    "defaults": _values({name: name for name in ("images", "steps", "guidance", "size", "model")}),
    "safety": _values({"level": "safety", "spoiler": "spoiler"}),
    "block": _block,
    "unblock": _unblock,
    "reset": lambda _settings, _given: GuildSettings(),
}
