"""The command `/settings`: shows and changes the settings of a guild, to members who manage it.

Discord may deliver an interaction again, even after a newer change: the audit record that is
written with each change shows that it is done, and what it has saved.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.access.guild_changes import GuildChange
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.guild_store import GuildStore, ManagedGuild
from discord_diffusion.discord import responses
from discord_diffusion.discord.answer_layouts import notice
from discord_diffusion.discord.command_model import MANAGE_GUILD, check_options
from discord_diffusion.discord.commands import FORMS, SETTINGS
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.functions.interactions.moderation import Moderation
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.functions.interactions.settings_changes import CHANGES, changed_fields
from discord_diffusion.functions.interactions.settings_form import (
    form_of,
    settings_form,
    submitted,
)
from discord_diffusion.functions.interactions.settings_in_force import in_force
from discord_diffusion.functions.interactions.settings_texts import (
    changes_shown,
    shown,
    summary_shown,
)
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import say

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SettingsCommand:
    """Shows and changes the settings of guilds."""

    requests: PictureRequests
    moderation: Moderation

    @property
    def guilds(self) -> GuildStore:
        """The settings, and what was changed."""
        return self.requests.guilds

    @property
    def models(self) -> Mapping[str, ModelSpec]:
        """The models that the deployment has beside its default."""
        return self.requests.builder.settings.models

    def answer(self, interaction: Interaction) -> dict[str, Any]:
        """Answer `/settings`.

        Raises:
            Refusal: nothing was changed.
            StoreError: the table does not answer.
        """
        guild = self._guild(interaction)
        locale, name = interaction.locale, interaction.subcommand or "show"
        match name:
            case "show":
                return responses.ephemeral(notice(self._shown(guild.settings, locale)))
            case "audit":
                listed = changes_shown(guild.changes, self.requests.audit_days, locale)
                return responses.ephemeral(notice(listed))
            case "summary":
                days = self.guilds.days(guild.id, datetime.now(UTC))
                return responses.ephemeral(notice(summary_shown(days, locale)))
            case "form":
                about = check_options(_path(name), SETTINGS.options_of(name), interaction.options)
                return settings_form(about["about"] or FORMS[0], guild, self.models, locale)
        if name not in CHANGES and name not in ("quota", "stop"):
            raise Refusal("unknown_command")
        options = check_options(_path(name), SETTINGS.options_of(name), interaction.options)
        if name == "quota":
            return self.moderation.quota(interaction, guild, options)
        if name == "stop":
            return self.moderation.stop(interaction, guild, options)
        if options.get("model") and options["model"] not in self.models:
            raise Refusal("model_unknown")
        changed = guild.saved_before
        if not changed:
            self._note_channels(interaction)
            changed = CHANGES[name](guild.settings, options).with_names(interaction.names)
            values = {f"{name}.{option}": value for option, value in options.items()}
            changed = self._save(interaction, guild, changed, name, values)
        return self._saved(changed, interaction)

    def submit(self, interaction: Interaction) -> dict[str, Any]:
        """Answer the submitted form of the settings.

        Raises:
            Refusal: nothing was changed.
            StoreError: the table does not answer.
        """
        guild = self._guild(interaction)
        changed = guild.saved_before
        if not changed:
            self._note_channels(interaction)
            form = form_of(interaction)
            if not form or form.version != guild.version:
                raise Refusal("settings_changed")
            changed = submitted(form, guild.settings, interaction, self.models)
            changed = changed.with_names(interaction.names)
            values = changed_fields(guild.settings, changed)
            changed = self._save(interaction, guild, changed, "form", values)
        return self._saved(changed, interaction)

    def patterns(self, interaction: Interaction) -> tuple[str, ...]:
        """The guild's blocklist; empty for users who may not manage the guild."""
        try:
            return self.guilds.settings(managed_guild(interaction))[0].blocklist
        except (Refusal, StoreError):
            return ()

    def styles(self, interaction: Interaction) -> tuple[str, ...]:
        """The names of the guild's own styles; none for users who may not manage the guild."""
        try:
            styles = self.guilds.settings(managed_guild(interaction))[0].styles
        except (Refusal, StoreError):
            return ()
        return tuple(style.name for style in styles)

    def entries(self, interaction: Interaction) -> Mapping[str, str]:
        """The roles and channels that are named, by the name that they had then, and their ids."""
        try:
            settings = self.guilds.settings(managed_guild(interaction))[0]
        except (Refusal, StoreError):
            return {}
        roles = {*settings.roles, *settings.priority_roles}
        return {
            f"{'@' if one in roles else '#'}{settings.names.get(one, one)}": one
            for one in settings.named_ids
        }

    def _shown(self, settings: GuildSettings, locale: str) -> str:
        requests = self.requests
        return shown(settings, in_force(settings, requests.limits, requests.builder), locale)

    def _saved(self, settings: GuildSettings, interaction: Interaction) -> dict[str, Any]:
        lines = [say(interaction.locale, "done.saved"), self._shown(settings, interaction.locale)]
        if any(channel.is_category for channel in interaction.channels):
            lines.append(say(interaction.locale, "settings.category"))
        return responses.ephemeral(notice("\n".join(lines)))

    def _guild(self, interaction: Interaction) -> ManagedGuild:
        return self.guilds.managed(managed_guild(interaction), interaction.id)

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
        guild: ManagedGuild,
        settings: GuildSettings,
        action: str,
        values: Mapping[str, object],
    ) -> GuildSettings:
        """Save new settings; returns those that another delivery has saved, if one has."""
        change = GuildChange.of(interaction.id, interaction.user_id, action, values)
        try:
            if self.guilds.change(guild, change, settings):
                return settings
            saved = self._guild(interaction).saved_before
        except StoreError as error:
            log.error("The settings could not be saved", extra={"reason": str(error)})
            raise
        if not saved:
            raise Refusal("settings_changed")
        return saved


def _path(subcommand: str) -> str:
    return f"{SETTINGS.key}.{subcommand}"


def managed_guild(interaction: Interaction) -> str:
    """The guild, if the member may manage it. Discord checks that too; this does not rely on it."""
    if interaction.visited_guild_id:
        raise Refusal("not_installed")
    if not interaction.guild_id:
        raise Refusal("guild_only")
    if not interaction.may(MANAGE_GUILD):
        raise Refusal("manage_guild")
    return interaction.guild_id
