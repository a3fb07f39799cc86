"""What is asked for more rarely than pictures: loaded when it is, so that a start is short."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from discord_diffusion.functions.interactions.picture_requests import Requests
from discord_diffusion.functions.interactions.stores import Fleet, Jobs

if TYPE_CHECKING:
    from discord_diffusion.functions.interactions.components import Presses
    from discord_diffusion.functions.interactions.information_commands import Information
    from discord_diffusion.functions.interactions.settings_command import GuildCommands


@dataclass(frozen=True)
class Seldom:
    """The parts that answer buttons, forms, questions and `/settings`."""

    requests: Requests
    jobs: Jobs
    fleet: Fleet

    @cached_property
    def presses(self) -> "Presses":
        """Answers buttons and forms."""
        from discord_diffusion.functions.interactions.components import Presses

        return Presses(self.requests, self.jobs)

    @cached_property
    def information(self) -> "Information":
        """Answers questions."""
        from discord_diffusion.functions.interactions.information_commands import Information

        size = self.requests.imagine.settings.fleet
        return Information(self.requests, self.jobs, self.fleet, size)

    @cached_property
    def guild(self) -> "GuildCommands":
        """Answers `/settings`."""
        from discord_diffusion.functions.interactions.settings_command import GuildCommands

        return GuildCommands(self.requests.guilds, self.requests.imagine.settings.models)
