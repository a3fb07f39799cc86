"""The command `/settings`: shows and changes the settings of a guild, to members who manage it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from discord_diffusion.access.blocklist import with_pattern
from discord_diffusion.access.guild_settings import BLOCKED_USERS, GuildSettings, toggled
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.discord import responses
from discord_diffusion.discord.answer_layouts import notice
from discord_diffusion.discord.command_model import MANAGE_GUILD, check_options
from discord_diffusion.discord.commands import SETTINGS
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.functions.interactions.settings_form import (
    settings_form,
    submitted,
    version_of,
)
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.options import GUILD_DEFAULTS
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import command_texts, described, language_of, say
from discord_diffusion.texts.formatting import clean

log = logging.getLogger(__name__)

Options = Mapping[str, Any]
Change = Callable[[GuildSettings, Options], GuildSettings]
LISTED = 20
"""The most roles, channels or patterns that are listed."""
_LIMITS = {
    "user_units": "user_units",
    "server_units": "guild_units",
    "cooldown": "cooldown_seconds",
    "jobs": "in_flight",
    "max_side": "max_side",
}
"""The options of `/settings limits`, and the fields of the settings that they change."""


@dataclass(frozen=True)
class SettingsCommand:
    """Shows and changes the settings of guilds."""

    guilds: GuildStore
    models: Mapping[str, ModelSpec]

    def answer(self, interaction: Interaction) -> dict[str, Any]:
        """Answer `/settings`.

        Raises:
            Refusal: nothing was changed.
            StoreError: the table does not answer.
        """
        guild_id = _managed_guild(interaction)
        settings, version = self.guilds.settings(guild_id)
        name = interaction.subcommand or "show"
        if name == "form":
            return settings_form(settings, version, interaction.locale)
        if name not in _CHANGES and name != "show":
            raise Refusal("unknown_command")
        options = check_options(
            f"{SETTINGS.key}.{name}", SETTINGS.options_of(name), interaction.options
        )
        if name == "show":
            return responses.ephemeral(notice(shown(settings, interaction.locale)))
        if options.get("model") and options["model"] not in self.models:
            raise Refusal("model_unknown")
        self._note_channels(interaction)
        changed = settings
        if settings.changed_by != interaction.id:
            changed = _CHANGES[name](settings, options).with_names(interaction.names)
            changed = replace(changed, changed_by=interaction.id)
            self._save(interaction, guild_id, changed, version, f"settings.{name}")
        return _saved(changed, interaction)

    def submit(self, interaction: Interaction) -> dict[str, Any]:
        """Answer the submitted form of the settings.

        Raises:
            Refusal: nothing was changed.
            StoreError: the table does not answer.
        """
        guild_id = _managed_guild(interaction)
        settings, version = self.guilds.settings(guild_id)
        self._note_channels(interaction)
        if settings.changed_by != interaction.id:
            if version_of(interaction) != version:
                raise Refusal("settings_changed")
            settings = submitted(settings, interaction).with_names(interaction.names)
            settings = replace(settings, changed_by=interaction.id)
            self._save(interaction, guild_id, settings, version, "settings.form")
        return _saved(settings, interaction)

    def patterns(self, interaction: Interaction) -> tuple[str, ...]:
        """The guild's blocklist; empty for users who may not manage the guild."""
        try:
            return self.guilds.settings(_managed_guild(interaction))[0].blocklist
        except (Refusal, StoreError):
            return ()

    def entries(self, interaction: Interaction) -> Mapping[str, str]:
        """The roles and channels that are named, by the name that they had then, and their ids."""
        try:
            settings = self.guilds.settings(_managed_guild(interaction))[0]
        except (Refusal, StoreError):
            return {}
        roles = {*settings.roles, *settings.priority_roles}
        return {
            f"{'@' if one in roles else '#'}{settings.names.get(one, one)}": one
            for one in settings.named_ids
        }

    def _note_channels(self, interaction: Interaction) -> None:
        """Note what Discord says of the named channels: of a forum it says it nowhere else.

        Raises:
            StoreError: the table does not answer.
        """
        for channel in interaction.channels:
            if channel.id != interaction.channel_id:
                self.guilds.note_channel(channel, None)

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
                if self.guilds.settings(guild_id)[0].changed_by == interaction.id:
                    return  # by another delivery of the same interaction
                raise Refusal("settings_changed")
        except StoreError as error:
            log.error("The settings could not be saved", extra={"reason": str(error)})
            raise
        try:
            self.guilds.audit(
                interaction.id,
                interaction.user_id,
                guild_id,
                action,
                settings=settings.to_json(),
            )
        except StoreError as error:
            # The settings are in force already; a refusal would say that they are not.
            log.error("The settings are saved but not audited", extra={"reason": str(error)})


def _saved(settings: GuildSettings, interaction: Interaction) -> dict[str, Any]:
    lines = [say(interaction.locale, "done.saved"), shown(settings, interaction.locale)]
    if any(channel.is_category for channel in interaction.channels):
        lines.append(say(interaction.locale, "settings.category"))
    return responses.ephemeral(notice("\n".join(lines)))


def shown(settings: GuildSettings, locale: str) -> str:
    """All settings, each by the name of the option that changes it."""

    def line(path: str, value: object) -> str:
        name = described(locale, f"settings.{path}")[0]
        return f"**{name}**: {say(locale, 'settings.default') if value is None else value}"

    roles = _listed("<@&{}>", settings.roles) or say(locale, "settings.everybody")
    channels = _listed("<#{}>", settings.channels) or say(locale, "settings.everywhere")
    priority = _listed("<@&{}>", settings.priority_roles) or say(locale, "settings.nobody")
    blocked = ", ".join(f"`{pattern}`" for pattern in settings.blocklist[:LISTED]) or "—"
    level = command_texts(language_of(locale))[f"settings.safety.level={settings.safety}"][0]
    lines = [
        line("access.role", roles),
        line("access.channel", channels),
        line("priority", priority),
        line("user", _listed("<@{}>", settings.blocked_users) or say(locale, "settings.nobody")),
        *(line(f"limits.{option}", getattr(settings, name)) for option, name in _LIMITS.items()),
        *(line(f"defaults.{name}", getattr(settings, name)) for name in GUILD_DEFAULTS),
        line("safety.level", level),
        line("safety.spoiler", say(locale, f"settings.{'on' if settings.spoiler else 'off'}")),
        line("block", clean(blocked)),
    ]
    return "\n".join(lines)


def _listed(form: str, ids: tuple[str, ...]) -> str:
    return " ".join(form.format(snowflake) for snowflake in ids[:LISTED])


def _managed_guild(interaction: Interaction) -> str:
    """The guild, if the member may manage it. Discord checks that too; this does not rely on it."""
    if interaction.visited_guild_id:
        raise Refusal("not_installed")
    if not interaction.guild_id:
        raise Refusal("guild_only")
    if not interaction.may(MANAGE_GUILD):
        raise Refusal("manage_guild")
    return interaction.guild_id


def _access(settings: GuildSettings, options: Options) -> GuildSettings:
    if not options["role"] and not options["channel"]:
        raise Refusal("nothing_to_change")
    if options["role"]:
        roles = toggled(settings.roles, options["role"], options["allow"])
        settings = replace(settings, roles=roles)
    if options["channel"]:
        channels = toggled(settings.channels, options["channel"], options["allow"])
        settings = replace(settings, channels=channels)
    return settings


def _priority(settings: GuildSettings, options: Options) -> GuildSettings:
    roles = toggled(settings.priority_roles, options["role"], options["allow"])
    return replace(settings, priority_roles=roles)


def _user(settings: GuildSettings, options: Options) -> GuildSettings:
    """Block a user, or allow one again."""
    blocked = toggled(settings.blocked_users, options["user"], not options["allow"])
    if len(blocked) > BLOCKED_USERS:
        raise Refusal("users_full", most=BLOCKED_USERS)
    return replace(settings, blocked_users=blocked)


def _values(names: Mapping[str, str]) -> Change:
    """A `Change` that sets the fields whose options are given; `names` maps options to fields."""

    def change(settings: GuildSettings, options: Options) -> GuildSettings:
        values = {names[name]: value for name, value in options.items() if value is not None}
        if not values:
            raise Refusal("nothing_to_change")
        return replace(settings, **values)

    return change


def _block(settings: GuildSettings, options: Options) -> GuildSettings:
    return replace(settings, blocklist=with_pattern(settings.blocklist, options["pattern"]))


def _unblock(settings: GuildSettings, options: Options) -> GuildSettings:
    if options["pattern"] not in settings.blocklist:
        raise Refusal("pattern_unknown")
    return replace(settings, blocklist=toggled(settings.blocklist, options["pattern"], False))


def _revoke(settings: GuildSettings, options: Options) -> GuildSettings:
    """Take a role or a channel back that may no longer exist; a mention or an id is understood."""
    entry = options["entry"].strip("<@&#> ")
    by_name = {name: one for one, name in settings.names.items()}
    entry = by_name.get(entry, entry)
    if entry not in settings.named_ids:
        raise Refusal("entry_unknown")
    return settings.without(entry)


def _safety(settings: GuildSettings, options: Options) -> GuildSettings:
    names = {"level": "safety", "spoiler": "spoiler"}
    given = {name: options[name] for name in names}
    # A channel alone changes no setting: its age restriction is noted.
    if options["channel"] and not any(value is not None for value in given.values()):
        return settings
    return _values(names)(settings, given)


_CHANGES: Mapping[str, Change] = {
    "access": _access,
    "priority": _priority,
    "revoke": _revoke,
    "user": _user,
    "limits": _values(_LIMITS),
    "defaults": _values({name: name for name in GUILD_DEFAULTS}),
    "safety": _safety,
    "block": _block,
    "unblock": _unblock,
    "reset": lambda _settings, _options: GuildSettings(),
}
