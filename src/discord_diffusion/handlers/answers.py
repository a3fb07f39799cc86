"""Which answer an interaction gets. Every one gets one."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.discord import interactions as responses
from discord_diffusion.discord.commands import IMAGINE
from discord_diffusion.discord.interactions import Interaction, InteractionType
from discord_diffusion.handlers import texts
from discord_diffusion.handlers.admission import Admission
from discord_diffusion.handlers.imagine import Imagine, InvalidOptionError
from discord_diffusion.jobs import InvalidJob

log = logging.getLogger(__name__)

Answer = Callable[[Interaction], dict[str, Any]]
"""What answers interactions of one kind."""


class Answers:
    """Answers interactions whose signature is known to be good."""

    def __init__(self, imagine: Imagine, admission: Admission) -> None:
        self._imagine = imagine
        self._admission = admission
        self._by_type: dict[int, Answer] = {
            InteractionType.PING: lambda _: responses.pong(),
            InteractionType.APPLICATION_COMMAND: self._command,
            InteractionType.MESSAGE_COMPONENT: lambda _: responses.ephemeral(
                texts.UNKNOWN_COMPONENT
            ),
            InteractionType.AUTOCOMPLETE: lambda _: responses.no_choices(),
            InteractionType.MODAL_SUBMIT: lambda _: responses.ephemeral(texts.UNKNOWN_MODAL),
        }
        self._by_command: dict[str, Answer] = {IMAGINE.name: self._draw}

    def to(self, interaction: Interaction) -> dict[str, Any]:
        """The response to one interaction."""
        log.info("Verified", extra={"interaction": interaction.id, "type": interaction.type})
        answer = self._by_type.get(interaction.type)
        return answer(interaction) if answer else responses.ephemeral(texts.UNKNOWN_TYPE)

    def _command(self, interaction: Interaction) -> dict[str, Any]:
        answer = self._by_command.get(interaction.name)
        return answer(interaction) if answer else responses.ephemeral(texts.UNKNOWN_COMMAND)

    def _draw(self, interaction: Interaction) -> dict[str, Any]:
        try:
            job = self._imagine.job(interaction)
        except InvalidOptionError as error:
            return responses.ephemeral(str(error))
        except InvalidJob as error:
            log.error("Not a job", extra={"interaction": interaction.id, "reason": str(error)})
            return responses.ephemeral(texts.UNEXPECTED)
        admitted = self._admission.admit(job, datetime.now(UTC))
        ephemeral = job.private or not admitted.accepted
        return (responses.ephemeral if ephemeral else responses.message)(admitted.text)
