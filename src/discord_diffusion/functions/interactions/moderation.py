"""What moderators do about users: they see and reset a quota, and stop jobs.

A moderator learns nothing of other servers: only what the user has used in this one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.access.guild_changes import GuildChange
from discord_diffusion.access.limits import Quota, day_of, next_day
from discord_diffusion.aws.guild_store import GuildStore, ManagedGuild
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord import responses
from discord_diffusion.discord.answer_layouts import notice
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.confirmation_schedule import ConfirmationSchedule
from discord_diffusion.functions.interactions.settings_changes import Options
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.stop_order import StopOrder
from discord_diffusion.jobs.units import HUNDREDTHS
from discord_diffusion.texts.answers import unit_count
from discord_diffusion.texts.catalogue import say

_TRIES = 3
"""How often a counter is set that a request changes at the same moment."""


@dataclass(frozen=True)
class Moderation:
    """Answers `/settings quota` and `/settings stop`; may raise `Refusal`, or `StoreError`."""

    guilds: GuildStore
    jobs: JobStore
    schedule: ConfirmationSchedule

    def quota(
        self, interaction: Interaction, guild: ManagedGuild, options: Options
    ) -> dict[str, Any]:
        """What a user has used in the guild today; with `reset` that counts no more.

        Units of jobs that have not ended stay: their end may refund them.
        """
        now, user = datetime.now(UTC), options["user"]
        used, kept = self._used(guild.id, user, now), 0
        done = guild.done
        if options["reset"] and not done:
            kept = self._reset(guild.id, user, now)
            self._note(interaction, guild, options, "quota", used=used, kept=kept)
        if done:
            used, kept = int(done.get("used", used)), int(done.get("kept", 0))
        locale, reset = interaction.locale, texts.relative(next_day(now))
        limit = guild.settings.user_units or 0
        most = unit_count(limit * HUNDREDTHS, locale) if limit else say(locale, "quota.unlimited")
        shown = {"user": f"<@{user}>", "used": unit_count(used, locale), "limit": most}
        lines = [say(locale, "quota.of_member", reset=reset, **shown)]
        if options["reset"]:
            lines.append(say(locale, "done.quota_reset", kept=unit_count(kept, locale)))
        return responses.ephemeral(notice("\n".join(lines)))

    def stop(
        self, interaction: Interaction, guild: ManagedGuild, options: Options
    ) -> dict[str, Any]:
        """Stop the jobs of a user in the guild, or of everybody, however many they are."""
        user, locale = options["user"], interaction.locale
        if not guild.done:
            self.schedule.stop(StopOrder(guild.id, interaction.id, user))
            self._note(interaction, guild, options, "stop")
        said = (
            say(locale, "done.stopping_user", user=f"<@{user}>")
            if user
            else say(locale, "done.stopping_all")
        )
        return responses.ephemeral(notice(said))

    def _used(self, guild_id: str, user_id: str, now: datetime) -> int:
        _settings, usage, _channel = self.guilds.settings_and_usage(user_id, guild_id, now)
        return max(0, usage.used[Quota.MEMBER])

    def _reset(self, guild_id: str, user_id: str, now: datetime) -> int:
        """Set what a user has used to the units of unfinished jobs, which are returned."""
        for _ in range(_TRIES):
            _settings, usage, _channel = self.guilds.settings_and_usage(user_id, guild_id, now)
            records = filter(None, map(self.jobs.get, usage.in_flight))
            kept = sum(
                one.units
                for one in records
                if one.guild_id == guild_id
                and not one.status.finished
                and day_of(one.created_at) == day_of(now)
            )
            seen = usage.used[Quota.MEMBER]
            if self.guilds.reset_usage(user_id, guild_id, now, seen=seen, kept=kept):
                return kept
        raise Refusal("settings_changed")

    def _note(
        self,
        interaction: Interaction,
        guild: ManagedGuild,
        options: Options,
        action: str,
        **details: int,
    ) -> None:
        """Add what was done to the changes; if another change comes between, to the newer list."""
        values = {f"{action}.{name}": value for name, value in options.items()}
        change = GuildChange.of(interaction.id, interaction.user_id, action, values)
        for _ in range(_TRIES):
            if guild.done or self.guilds.change(guild, change, None, **details):
                return
            guild = self.guilds.managed(guild.id, interaction.id)
        if not guild.done:
            # It is done, so it is recorded, although not in the list that managers read.
            user = interaction.user_id
            self.guilds.audit(interaction.id, user, guild.id, f"settings.{action}", **details)
