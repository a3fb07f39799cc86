"""Which answer an interaction gets. Every one gets one."""

import logging
from collections.abc import Callable
from typing import Any

from discord_diffusion.discord import commands
from discord_diffusion.discord import interactions as responses
from discord_diffusion.discord.interactions import Interaction, InteractionType
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.lazy_handlers import Seldom
from discord_diffusion.functions.interactions.picture_requests import Requests
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.validation import InvalidJobError

log = logging.getLogger(__name__)

Answer = Callable[[Interaction], dict[str, Any]]
"""What answers interactions of one kind; it may raise `Refusal`."""


class Answers:
    """Answers interactions whose signature is known to be good."""

    def __init__(self, requests: Requests, seldom: Seldom) -> None:
        self._requests = requests
        self._seldom = seldom
        self._by_type: dict[int, Answer] = {
            InteractionType.PING: lambda _: responses.pong(),
            InteractionType.APPLICATION_COMMAND: self._command,
            InteractionType.MESSAGE_COMPONENT: lambda one: seldom.presses.component(one),
            InteractionType.AUTOCOMPLETE: self._complete,
            InteractionType.MODAL_SUBMIT: lambda one: seldom.presses.modal(one),
        }
        self._by_command: dict[str, Answer] = {
            commands.IMAGINE.name: requests.command,
            commands.QUEUE.name: lambda one: seldom.information.queue(one),
            commands.CANCEL.name: lambda one: seldom.information.cancel(one),
            commands.QUOTA.name: lambda one: seldom.information.quota(one),
            commands.HELP.name: lambda one: seldom.information.help(one),
            commands.SHOW_PARAMETERS.name: lambda one: seldom.information.parameters(one),
            commands.SETTINGS.name: lambda one: seldom.guild.answer(one),
        }

    def to(self, interaction: Interaction) -> dict[str, Any]:
        """The response to one interaction."""
        log.info("Verified", extra={"interaction": interaction.id, "type": interaction.type})
        try:
            answer = self._by_type.get(interaction.type)
            if not answer:
                raise Refusal("unknown_type")
            return answer(interaction)
        except Refusal as refusal:
            log.info("Refused", extra={"interaction": interaction.id, "reason": refusal.reason})
            return responses.ephemeral(texts.refused(refusal, interaction.locale))
        except InvalidJobError as error:
            log.error("Not a job", extra={"interaction": interaction.id, "reason": str(error)})
            unexpected = Refusal("unexpected")
            return responses.ephemeral(texts.refused(unexpected, interaction.locale))

    def _command(self, interaction: Interaction) -> dict[str, Any]:
        answer = self._by_command.get(interaction.name)
        if not answer:
            raise Refusal("unknown_command")
        return answer(interaction)

    def _complete(self, interaction: Interaction) -> dict[str, Any]:
        """What of a list holds what was typed so far."""
        offered: tuple[str, ...] = ()
        if interaction.focused == "model":
            offered = tuple(self._requests.imagine.settings.models)
        elif interaction.focused == "pattern":
            offered = self._seldom.guild.patterns(interaction)
        typed = str(interaction.options.get(interaction.focused or "") or "").lower()
        return responses.choices({one: one for one in offered if typed in one.lower()})
