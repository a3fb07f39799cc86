"""Every environment variable, read strictly; one file for each program that is configured."""

from discord_diffusion.settings.backlog import BacklogSettings
from discord_diffusion.settings.dead_letters import DeadLettersSettings
from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.settings.pipeline import PipelineSettings
from discord_diffusion.settings.reader import SettingsError
from discord_diffusion.settings.waiting import WaitingSettings
from discord_diffusion.settings.worker import WorkerSettings

__all__ = [
    "BacklogSettings",
    "DeadLettersSettings",
    "InteractionsSettings",
    "PipelineSettings",
    "SettingsError",
    "WaitingSettings",
    "WorkerSettings",
]
