"""Every environment variable, read strictly; one file for each program that is configured.

A name is looked for when it is asked for: a function starts the faster for every file left out.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_FILES = {
    "BacklogSettings": "backlog",
    "DeadLettersSettings": "dead_letters",
    "InteractionsSettings": "interactions",
    "PipelineSettings": "pipeline",
    "SettingsError": "reader",
    "WaitingSettings": "waiting",
    "WorkerSettings": "worker",
}


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
