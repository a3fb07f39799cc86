"""Requests for pictures, from a command, a component or a modal: checked, and made into jobs."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.access import blocklist
from discord_diffusion.access.guild_channels import KEPT, KnownChannel, Place
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Limits, Usage
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.guild_store import GuildStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.discord import responses
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.functions.interactions.admission import Admission
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.refusal import Refusal

log = logging.getLogger(__name__)

NOTED_WITHIN_SECONDS = 1.0
"""A channel is noted only within this time after the start of an answer."""
AUDITED_PROMPT_LENGTH = 1000
"""Characters of each prompt of a blocked request that the audit record keeps."""


@dataclass(frozen=True)
class PictureRequest:
    """What is to be drawn, and how it is shown.

    `click` identifies the user's click on a component that asked for it, if one did.
    """

    parameters: GenerationParameters
    action: str = "imagine"
    private: bool = False
    spoiler: bool = False
    click: str | None = None


@dataclass(frozen=True)
class PictureRequests:
    """Makes jobs of the requests that the guild, the blocklist and the limits allow."""

    builder: ParameterBuilder
    admission: Admission
    guilds: GuildStore
    limits: Limits
    audit_days: int

    def imagine(self, interaction: Interaction) -> dict[str, Any]:
        """Answer `/imagine`.

        Raises:
            Refusal: there is no job, and nothing was charged.
            StoreError: the same, since the table does not answer.
        """
        guild, usage, known = self._read(interaction)
        request = PictureRequest(
            self.builder.build(interaction, guild),
            private=interaction.options.get("private") is True,
            spoiler=interaction.options.get("spoiler") is True,
        )
        return self._draw(interaction, request, guild, usage, known)

    def style_names(self, interaction: Interaction) -> tuple[str, ...]:
        """The styles that a member of the guild can choose; the deployment's if it is not known."""
        return tuple(self.builder.styles(self._guild(interaction)))

    def default_model(self, interaction: Interaction) -> str | None:
        """The guild's model for commands that name none; None is the deployment's default."""
        return self._guild(interaction).model

    def _guild(self, interaction: Interaction) -> GuildSettings:
        """The guild's settings for suggestions; the defaults if they are not known."""
        try:
            if interaction.guild_id:
                return self.guilds.settings(interaction.guild_id)[0]
        except StoreError as error:
            log.warning("The guild's settings could not be read", extra={"reason": str(error)})
        return GuildSettings()

    def draw(self, interaction: Interaction, request: PictureRequest) -> dict[str, Any]:
        """Answer a request with the message that the pictures will be in.

        Raises:
            Refusal, StoreError: as `imagine`.
        """
        return self._draw(interaction, request, *self._read(interaction))

    def _draw(
        self,
        interaction: Interaction,
        request: PictureRequest,
        guild: GuildSettings,
        usage: Usage,
        known: KnownChannel | None,
    ) -> dict[str, Any]:
        parent = known.channel if known and interaction.is_thread else None
        place = Place.of(
            interaction.places, age_restricted=interaction.age_restricted, parent=parent
        )
        try:
            return self._admit(interaction, request, guild, usage, place)
        finally:
            self._note_channel(interaction, known)

    def _admit(
        self,
        interaction: Interaction,
        request: PictureRequest,
        guild: GuildSettings,
        usage: Usage,
        place: Place,
    ) -> dict[str, Any]:
        self.builder.check_size(request.parameters, guild)
        self.builder.check_scheduler(request.parameters)
        self.builder.check_loras(request.parameters)
        guild.admit(place.ids, interaction.roles, interaction.user_id)
        self._check_blocklist(interaction, request.parameters, guild)
        charge = Charge(
            units=self.builder.settings.tariff.cost(request.parameters),
            limits=guild.limits(self.limits, interaction.roles),
            audit_days=self.audit_days,
            action=request.action,
            click=request.click,
            visited_guild_id=interaction.visited_guild_id,
        )
        job = _job(
            interaction, request, guild, age_restricted=place.age_restricted, units=charge.units
        )
        left, own_jobs = usage.left(charge.limits), len(usage.in_flight - {job.id})
        queued = self.admission.admit(job, charge, datetime.now(UTC), left, own_jobs=own_jobs)
        return responses.ephemeral(queued) if job.private else responses.message(queued)

    def guild_and_usage(self, interaction: Interaction) -> tuple[GuildSettings, Usage]:
        """The settings of the interaction's guild, and what was used today.

        Raises:
            StoreError: the table does not answer; without the guild's rules nothing is drawn.
        """
        guild, usage, _known = self._read(interaction)
        return guild, usage

    def _read(self, interaction: Interaction) -> tuple[GuildSettings, Usage, KnownChannel | None]:
        user_id, guild_id, now = interaction.user_id, interaction.guild_id, datetime.now(UTC)
        try:
            return self.guilds.settings_and_usage(user_id, guild_id, now, interaction.home_id)
        except StoreError as error:
            log.error("The guild's settings could not be read", extra={"reason": str(error)})
            raise

    def _note_channel(self, interaction: Interaction, known: KnownChannel | None) -> None:
        """Note what Discord says of this channel: of its threads it won't say it.

        Not where the answer is late already: a later request will note it.
        """
        if self.admission.deadline.elapsed > NOTED_WITHIN_SECONDS:
            return
        now = datetime.now(UTC)
        for channel in interaction.channels:
            if channel.id == interaction.home_id and not (known and known.is_current(channel, now)):
                try:
                    self.guilds.note_channel(channel, now + KEPT)
                except StoreError as error:
                    log.warning("The channel could not be noted", extra={"reason": str(error)})

    def _check_blocklist(
        self, interaction: Interaction, parameters: GenerationParameters, guild: GuildSettings
    ) -> None:
        drawn = parameters.with_triggers(self.builder.settings.loras)
        read = [drawn.drawn_prompt, drawn.drawn_negative_prompt]
        try:
            blocklist.check([parameters.prompt, parameters.negative_prompt], guild.blocklist)
            # A style, LoRAs and a prompt may together ask for what none of them asks for.
            if parameters.style or parameters.lora:
                blocklist.check(read, guild.blocklist)
        except Refusal:
            log.info("The prompt is blocked", extra={"interaction": interaction.id})
            try:
                self.guilds.audit(
                    interaction.id,
                    interaction.user_id,
                    interaction.guild_id,
                    "blocked",
                    channel_id=interaction.channel_id,
                    prompt=read[0][:AUDITED_PROMPT_LENGTH],
                    negative_prompt=read[1][:AUDITED_PROMPT_LENGTH],
                )
                if interaction.guild_id:
                    self.guilds.note_refusal(interaction.guild_id, datetime.now(UTC))
            except StoreError as error:
                log.error("A blocked prompt could not be audited", extra={"reason": str(error)})
            raise


def _job(
    interaction: Interaction,
    request: PictureRequest,
    guild: GuildSettings,
    *,
    age_restricted: bool,
    units: int,
) -> Job:
    job = Job(
        id=interaction.id,
        application_id=interaction.application_id,
        token=interaction.token,
        user_id=interaction.user_id,
        locale=interaction.locale if request.private else interaction.public_locale,
        parameters=request.parameters,
        channel_id=interaction.channel_id,
        guild_id=interaction.guild_id,
        attachment_size_limit=interaction.attachment_size_limit,
        nsfw=age_restricted,
        private=request.private,
        spoiler=request.spoiler or guild.spoiler,
        safety_check=guild.safety_check(age_restricted=age_restricted),
        traceparent=interaction.traceparent,
        units=units,
    )
    # Read again, so that no message enters the queue that the worker would reject.
    return Job.from_json(job.to_json())
