"""Which answer an interaction gets. Every one gets one."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

from discord_diffusion.aws.queue import QueueError
from discord_diffusion.discord import interactions as responses
from discord_diffusion.discord.commands import IMAGINE
from discord_diffusion.discord.interactions import Interaction, InteractionType
from discord_diffusion.handlers.imagine import Imagine, InvalidOptionError, queued_text
from discord_diffusion.jobs import InvalidJob, Job

log = logging.getLogger(__name__)

UNKNOWN_COMMAND = "I don't know this command any more. Discord may need a minute to forget it."
UNKNOWN_COMPONENT = "This button does not work any more. Please send /imagine again."
UNKNOWN_MODAL = "This form does not work any more. Please send /imagine again."
UNKNOWN_TYPE = "Discord sent something that I don't know yet."
QUEUE_REFUSED = "I can't take your request right now. Nothing was charged; please try again soon."
UNEXPECTED = "Something went wrong on my side. Nothing was charged; please try again."


class Sender(Protocol):
    """Where jobs go."""

    def send(self, job: Job) -> None:
        """Enqueue a job, or raise `QueueError`."""


class Answers:
    """Answers interactions whose signature is known to be good."""

    def __init__(self, imagine: Imagine, queue: Sender) -> None:
        self._imagine = imagine
        self._queue = queue
        self._by_type: dict[int, Callable[[Interaction], dict[str, Any]]] = {
            InteractionType.PING: lambda _: responses.pong(),
            InteractionType.APPLICATION_COMMAND: self._command,
            InteractionType.MESSAGE_COMPONENT: lambda _: responses.ephemeral(UNKNOWN_COMPONENT),
            InteractionType.AUTOCOMPLETE: lambda _: responses.no_choices(),
            InteractionType.MODAL_SUBMIT: lambda _: responses.ephemeral(UNKNOWN_MODAL),
        }

    def to(self, interaction: Interaction) -> dict[str, Any]:
        """The response to one interaction."""
        log.info("Verified", extra={"interaction": interaction.id, "type": interaction.type})
        answer = self._by_type.get(interaction.type)
        return answer(interaction) if answer else responses.ephemeral(UNKNOWN_TYPE)

    def _command(self, interaction: Interaction) -> dict[str, Any]:
        if interaction.name != IMAGINE.name:
            return responses.ephemeral(UNKNOWN_COMMAND)
        try:
            job = self._imagine.job(interaction)
        except InvalidOptionError as error:
            return responses.ephemeral(str(error))
        except InvalidJob as error:
            log.error("Not a job", extra={"interaction": interaction.id, "reason": str(error)})
            return responses.ephemeral(UNEXPECTED)
        try:
            self._queue.send(job)
        except QueueError as error:
            log.error("The queue refused a job", extra={"job": job.id, "reason": str(error)})
            return responses.ephemeral(QUEUE_REFUSED)
        log.info("Queued", extra={"job": job.id, "images": job.parameters.images})
        return responses.message(queued_text(job))
