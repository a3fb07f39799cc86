"""Every environment variable, read strictly; one file for each program that is configured."""

from discord_diffusion.settings.interactions import InteractionsSettings
from discord_diffusion.settings.pipeline import PipelineSettings
from discord_diffusion.settings.reader import SettingsError
from discord_diffusion.settings.worker import WorkerSettings

__all__ = ["InteractionsSettings", "PipelineSettings", "SettingsError", "WorkerSettings"]
