"""Which handler answers an interaction. Every interaction gets an answer."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from discord_diffusion.aws.command_ids import CommandIds
from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_history import JobHistory
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord import commands, responses
from discord_diffusion.discord.interactions import Interaction, InteractionType
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.loras import suggestions
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.validation import InvalidJobError

if TYPE_CHECKING:
    from discord_diffusion.functions.interactions.components import ComponentHandlers
    from discord_diffusion.functions.interactions.history import HistoryCommand
    from discord_diffusion.functions.interactions.information_commands import InformationCommands
    from discord_diffusion.functions.interactions.settings_command import SettingsCommand

log = logging.getLogger(__name__)

Handler = Callable[[Interaction], dict[str, Any]]
"""Answers interactions of one kind; may raise `Refusal`, or `StoreError`."""


@dataclass(frozen=True)
class LazyHandlers:
    """The handlers that are imported on first use, so that the cold start stays short."""

    requests: PictureRequests
    jobs: JobStore
    fleet: FleetStateStore
    job_history: JobHistory
    command_ids: CommandIds

    @cached_property
    def components(self) -> "ComponentHandlers":
        """Answers buttons and modals."""
        from discord_diffusion.functions.interactions.components import ComponentHandlers

        return ComponentHandlers(self.requests, self.jobs, self.history)

    @cached_property
    def history(self) -> "HistoryCommand":
        """Answers `/history` and the buttons to its other pages."""
        from discord_diffusion.functions.interactions.history import HistoryCommand

        return HistoryCommand(self.job_history)

    @cached_property
    def information(self) -> "InformationCommands":
        """Answers `/queue`, `/cancel`, `/quota`, `/help` and "Show parameters"."""
        from discord_diffusion.functions.interactions.information_commands import (
            InformationCommands,
        )

        settings = self.requests.builder.settings.fleet
        return InformationCommands(self.requests, self.jobs, self.fleet, settings, self.command_ids)

    @cached_property
    def settings(self) -> "SettingsCommand":
        """Answers `/settings`."""
        from discord_diffusion.functions.interactions.moderation import Moderation
        from discord_diffusion.functions.interactions.settings_command import SettingsCommand

        requests = self.requests
        moderation = Moderation(requests.guilds, self.jobs, requests.admission.confirmations)
        return SettingsCommand(requests, moderation)


class Router:
    """Answers interactions whose signature is valid."""

    def __init__(self, requests: PictureRequests, lazy: LazyHandlers) -> None:
        self._models = tuple(requests.builder.settings.models)
        self._loras = requests.builder.settings.loras
        self._lazy = lazy
        self._requests = requests
        self._by_type: dict[int, Handler] = {
            InteractionType.PING: lambda _: responses.pong(),
            InteractionType.APPLICATION_COMMAND: self._command,
            InteractionType.MESSAGE_COMPONENT: lambda click: lazy.components.component(click),
            InteractionType.AUTOCOMPLETE: self._autocomplete,
            InteractionType.MODAL_SUBMIT: self._modal,
        }
        self._by_command: dict[str, Handler] = {
            commands.IMAGINE.name: requests.imagine,
            commands.QUEUE.name: lambda command: lazy.information.queue(command),
            commands.CANCEL.name: lambda command: lazy.information.cancel(command),
            commands.QUOTA.name: lambda command: lazy.information.quota(command),
            commands.HISTORY.name: lambda command: lazy.history.answer(command),
            commands.HELP.name: lambda command: lazy.information.help(command),
            commands.SHOW_PARAMETERS.name: lambda command: lazy.information.parameters(command),
            commands.SETTINGS.name: lambda command: lazy.settings.answer(command),
        }

    def answer(self, interaction: Interaction) -> dict[str, Any]:
        """The response to one interaction; it is refused with `store` if the table fails."""
        extra: dict[str, Any] = {"interaction": interaction.id, "type": interaction.type}
        log.info("The interaction is verified", extra=extra)
        try:
            handler = self._by_type.get(interaction.type)
            if not handler:
                raise Refusal("unknown_type")
            return handler(interaction)
        except (Refusal, StoreError) as error:
            refusal = error if isinstance(error, Refusal) else Refusal("store")
            extra = {"interaction": interaction.id, "reason": refusal.reason}
            log.info("The interaction is refused", extra=extra)
        except InvalidJobError as error:
            extra = {"interaction": interaction.id, "reason": str(error)}
            log.error("The request makes no valid job", extra=extra)
            refusal = Refusal("unexpected")
        return responses.ephemeral(texts.refused(refusal, interaction.locale))

    def _command(self, interaction: Interaction) -> dict[str, Any]:
        handler = self._by_command.get(interaction.name)
        if not handler:
            raise Refusal("unknown_command")
        return handler(interaction)

    def _modal(self, interaction: Interaction) -> dict[str, Any]:
        if interaction.custom_id.startswith("settings:"):
            return self._lazy.settings.submit(interaction)
        return self._lazy.components.modal(interaction)

    def _autocomplete(self, interaction: Interaction) -> dict[str, Any]:
        """The choices that contain what was typed so far."""
        choices: Mapping[str, str] = {}
        if interaction.focused == "model":
            choices = {name: name for name in self._models}
        elif interaction.focused == "style":
            choices = {name: name for name in self._requests.style_names(interaction)}
        elif interaction.focused == "name":
            choices = {name: name for name in self._lazy.settings.styles(interaction)}
        elif interaction.focused == "pattern":
            choices = {name: name for name in self._lazy.settings.patterns(interaction)}
        elif interaction.focused == "entry":
            choices = self._lazy.settings.entries(interaction)
        typed = str(interaction.options.get(interaction.focused or "") or "").lower()
        if interaction.focused == "lora":
            model = interaction.options.get("model") or self._requests.default_model(interaction)
            return responses.choices(suggestions(typed, self._loras, model))
        found = {name: value for name, value in choices.items() if typed in name.lower()}
        return responses.choices(found)
