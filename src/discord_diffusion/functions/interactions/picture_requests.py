"""What every wish for pictures goes through, from a command, a button or a form, to its answer."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.access import blocklist
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Limits
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.discord import buttons
from discord_diffusion.discord import interactions as responses
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.functions.interactions.admission import Admission
from discord_diffusion.functions.interactions.parameters import Imagine
from discord_diffusion.functions.interactions.stores import Guilds
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.units import cost

log = logging.getLogger(__name__)

KEPT_OF_A_PROMPT = 1000
"""Characters of a refused prompt that the audit record keeps."""


@dataclass(frozen=True)
class Wish:
    """What is to be drawn, and how it is shown. `click` names the button behind it, if one is."""

    parameters: GenerationParameters
    action: str = "imagine"
    private: bool = False
    spoiler: bool = False
    click: str | None = None


@dataclass(frozen=True)
class Requests:
    """Makes jobs of wishes, where user, guild and prompt allow it."""

    imagine: Imagine
    admission: Admission
    guilds: Guilds
    limits: Limits
    audit_days: int

    def command(self, interaction: Interaction) -> dict[str, Any]:
        """Answer `/imagine`.

        Raises:
            Refusal: there is no job, and nothing was charged.
        """
        guild = self.guild(interaction)
        wish = Wish(
            self.imagine.parameters(interaction, guild),
            private=interaction.options.get("private") is True,
            spoiler=interaction.options.get("spoiler") is True,
        )
        return self.draw(interaction, wish, guild)

    def draw(
        self, interaction: Interaction, wish: Wish, guild: GuildSettings | None = None
    ) -> dict[str, Any]:
        """Answer with the message that the pictures will be in.

        Raises:
            Refusal: as `command`.
        """
        guild, now = guild or self.guild(interaction), datetime.now(UTC)
        guild.admit(interaction.channel_id, interaction.roles)
        self.imagine.check_size(wish.parameters, guild)
        self._check_words(interaction, wish.parameters, guild, now)
        charge = Charge(
            units=cost(wish.parameters),
            limits=guild.limits(self.limits, interaction.roles),
            audit_days=self.audit_days,
            action=wish.action,
            click=wish.click,
        )
        job = _job(interaction, wish, guild)
        text = self.admission.admit(job, charge, now)
        respond = responses.ephemeral if job.private else responses.message
        return respond(text, buttons.waiting(job.id, job.locale))

    def guild(self, interaction: Interaction) -> GuildSettings:
        """What holds where the interaction was made.

        A guild's rules do not lapse: while the table does not tell them, nothing is drawn there.

        Raises:
            Refusal: they are not known now.
        """
        if not interaction.guild_id:
            return GuildSettings()
        try:
            return self.guilds.settings(interaction.guild_id)[0]
        except StoreError as error:
            log.error("The guild's settings are not known", extra={"reason": str(error)})
            raise Refusal("store") from None

    def _check_words(
        self,
        interaction: Interaction,
        asked: GenerationParameters,
        guild: GuildSettings,
        now: datetime,
    ) -> None:
        try:
            blocklist.check([asked.prompt, asked.negative_prompt], guild.blocklist)
        except Refusal:
            log.info("Blocked", extra={"interaction": interaction.id})
            try:
                self.guilds.audit(
                    interaction.id,
                    interaction.user_id,
                    interaction.guild_id,
                    "blocked",
                    now,
                    channel_id=interaction.channel_id,
                    prompt=asked.prompt[:KEPT_OF_A_PROMPT],
                )
            except StoreError as error:
                log.error("Not kept", extra={"reason": str(error)})
            raise


def _job(interaction: Interaction, wish: Wish, guild: GuildSettings) -> Job:
    job = Job(
        id=interaction.id,
        application_id=interaction.application_id,
        token=interaction.token,
        user_id=interaction.user_id,
        locale=interaction.locale,
        parameters=wish.parameters,
        channel_id=interaction.channel_id,
        guild_id=interaction.guild_id,
        attachment_size_limit=interaction.attachment_size_limit,
        nsfw=interaction.nsfw,
        private=wish.private,
        spoiler=wish.spoiler or guild.spoiler,
        safety_check=guild.safety_check(age_restricted=interaction.nsfw),
    )
    # Never let a message into the queue that the worker would refuse.
    return Job.from_json(job.to_json())
